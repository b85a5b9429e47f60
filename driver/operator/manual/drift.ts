import type { StepKind } from "../reconcile/step.ts";

/** What each kind of drift means, in a line. docs/drift.md says more. */
export const DRIFT: Readonly<Record<StepKind, string>> = {
  "open-intent": "a registration on this front-end died before its end",
  "not-attached": "a VM runs, and its address is attached nowhere",
  "wrong-server": "a VM runs, and its address is attached to another server",
  "left-attached": "no running VM has the address, and it is attached",
  "stale-lease": "the address is leased to a VM that OpenNebula does not have",
  missing: "the project has no such flexible IP",
  recycled: "the address was given back and bought again for another range",
  "wrong-mac": "the virtual MAC is not the one that guests get",
  "lost-tags": "somebody took our tags away",
  "other-cloud": "another cloud's tags are on it",
  "bad-status": "it is in error or locked at Scaleway",
  shared: "two ranges have the same flexible IP",
  "same-name": "another OpenNebula seems to use the same CLOUD in this project",
  orphan: "it was bought and is in no range",
  "left-adopted": "it was adopted for a range that is gone",
};
