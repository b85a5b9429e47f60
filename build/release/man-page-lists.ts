// What the man page says beside the help texts.
import type { StepKind } from "../../driver/operator/reconcile/step.ts";

export const SUMMARY = "OpenNebula's addresses from Scaleway Flexible IPs";

/** What each kind of drift means, in a line. docs/drift.md says more. */
export const DRIFT: Readonly<Record<StepKind, string>> = {
  "open-intent": "a registration on this front-end died before its end",
  "not-attached": "a VM runs, and its address is attached nowhere",
  "wrong-server": "a VM runs, and its address is attached to another server",
  "left-attached": "no running VM has the address, and it is attached",
  "stale-lease": "the address is leased to a VM that OpenNebula does not have",
  missing: "the project has no such flexible IP",
  recycled: "the address was given back and bought again for another range",
  "wrong-mac": "the virtual MAC is not the MAC that guests get",
  "lost-tags": "somebody took our tags away",
  "other-cloud": "another cloud's tags are on it",
  "bad-status": "it is in error or locked at Scaleway",
  shared: "two ranges have the same flexible IP",
  "same-name": "another OpenNebula seems to use the same CLOUD in this project",
  orphan: "it was bought and is in no range",
  "left-adopted": "it was adopted for a range that is gone",
};

export const FILES: readonly (readonly [string, string])[] = [
  [
    "/var/lib/one/remotes/etc/ipam/scw-flexip/scw-flexip.conf",
    "settings on the front-end; on hosts below /var/tmp/one",
  ],
  ["/var/lib/one/.scw-flexip.token", "secret key, mode 0600"],
  ["/var/lib/one/scw-server-id", "on hosts: zone/id of the Elastic Metal server"],
  ["/var/lib/one/scw-flexip/state.json", "journal of what is under way, on the front-end"],
  ["/var/log/one/scw-flexip.log", "log of the IPAM actions and of what the operator changed"],
  ["/var/log/vnm/scw-flexip-{pre,post,clean}.log", "logs of the hooks, on hosts"],
];

export const TIMERS: readonly (readonly [string, string])[] = [
  ["scw-flexip-reconcile.timer", "reconcile --apply every quarter of an hour"],
  ["scw-flexip-metrics.timer", "metrics for node_exporter's textfile collector every five minutes"],
];
