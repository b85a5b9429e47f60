// What one look at the cloud found → metrics. Pure.
import { HOOKS, IPAM_ACTIONS } from "../../actions.ts";
import { cloudOf } from "../../flexible-ip/ownership.ts";
import type { Row } from "../doctor/report.ts";
import type { Entry } from "../log-files.ts";
import { STEP_KINDS } from "../reconcile/step.ts";
import { recordsOf } from "../records.ts";
import type { Survey } from "../survey.ts";
import { counted, type Family, gauge, single } from "./family.ts";

/** Scaleway's limit of flexible IPs on one server. */
const MOST_ON_SERVER = 64;

export type Calls = { readonly action: string; readonly count: number; readonly failed: number };

export type Snapshot = {
  readonly version: string;
  /** Undefined: OpenNebula or Scaleway did not answer. */
  readonly survey: Pick<Survey, "view" | "steps" | "apiSeconds"> | undefined;
  /** What doctor found, empty where it could not look. */
  readonly findings: readonly Row[];
  readonly calls: readonly Calls[];
  /** Of the last look that found everything; undefined when there was none. */
  readonly lastSuccess: Date | undefined;
  /** What one flexible IP costs a month, in the account's currency; undefined where PRICE_MONTH is not set. */
  readonly priceMonth: number | undefined;
};

/** Every metric of the snapshot, in a fixed order. */
export function familiesOf(snapshot: Snapshot): Family[] {
  const { version, findings, calls, lastSuccess, survey } = snapshot;
  const apiSeconds = survey?.apiSeconds;
  return [
    gauge("build_info", "Version of scw-flexip on this machine; always 1.", [{ labels: { version }, value: 1 }]),
    single("api_up", "Whether the Flexible IP API answered the last look.", apiSeconds === undefined ? 0 : 1),
    single("api_response_seconds", "Time of the API's answer to one listing.", apiSeconds),
    single(
      "last_success_timestamp_seconds",
      "When a look at OpenNebula and Scaleway last found everything.",
      lastSuccess === undefined ? undefined : Math.floor(lastSuccess.getTime() / 1_000),
    ),
    ...(survey === undefined ? [] : ofSurvey(survey, snapshot.priceMonth)),
    gauge(
      "calls_last_hour",
      "Runs of an action or hook in the last hour, from the logs of this machine.",
      calls.map(({ action, count }) => ({ labels: { action }, value: count })),
    ),
    gauge(
      "failed_calls_last_hour",
      "Runs of an action or hook that failed in the last hour, from the logs of this machine.",
      calls.map(({ action, failed }) => ({ labels: { action }, value: failed })),
    ),
    ...ofDoctor(findings),
  ];
}

function ofSurvey({ view, steps }: Pick<Survey, "view" | "steps">, priceMonth: number | undefined): Family[] {
  const records = recordsOf(view, steps);
  const held = view.flexibleIps.filter((flexibleIp) => cloudOf(flexibleIp) === view.cloud);
  return [
    gauge(
      "addresses",
      "Flexible IPs of this cloud by network, status, origin and lease.",
      counted(records, ({ network, status, origin, holder }) => ({
        network: network ?? "none",
        status,
        origin: origin ?? "none",
        leased: String(holder !== null),
      })),
    ),
    gauge(
      "drift",
      "Differences between OpenNebula, Scaleway and the journal, by kind.",
      STEP_KINDS.map((kind) => ({ labels: { kind }, value: steps.filter((step) => step.kind === kind).length })),
    ),
    single("open_intents", "Registrations of address ranges that are under way or died.", openIntents(view)),
    gauge(
      "server_addresses",
      "Flexible IPs attached to the server of a host, of any cloud.",
      [...view.servers].map(([host, serverId]) => ({
        labels: { host },
        value: view.flexibleIps.filter((flexibleIp) => flexibleIp.serverId === serverId).length,
      })),
    ),
    single("server_addresses_limit", "How many flexible IPs Scaleway attaches to one server.", MOST_ON_SERVER),
    single(
      "spend_per_month",
      "What the flexible IPs of this cloud cost a month, in the account's currency (PRICE_MONTH).",
      priceMonth === undefined ? undefined : Math.round(held.length * priceMonth * 100) / 100,
    ),
  ];
}

function openIntents({ deadIntents, liveIntents }: Survey["view"]): number {
  return deadIntents.length + liveIntents.length;
}

function ofDoctor(findings: readonly Row[]): Family[] {
  const levels = ["warning", "failure"] as const;
  return [
    gauge(
      "doctor_findings",
      "Checks of doctor that found something wrong, by level.",
      findings.length === 0
        ? []
        : levels.map((level) => ({ labels: { level }, value: findings.filter((one) => one.level === level).length })),
    ),
    gauge(
      "host_version_info",
      "Version of scw-flexip on each host; always 1.",
      findings.flatMap(({ id, host, value }) =>
        id === "version" && host !== null && value !== null ? [{ labels: { host, version: value }, value: 1 }] : [],
      ),
    ),
  ];
}

/** The runs of each action and hook among `entries`: a run is a process, a failed one logged an error. */
export function callsOf(entries: readonly Entry[]): Calls[] {
  return [...IPAM_ACTIONS, ...HOOKS].map((action) => {
    const own = entries.filter((entry) => entry.action === action);
    const runs = Map.groupBy(own, ({ host, pid }) => `${host} ${pid}`);
    const failed = [...runs.values()].filter((lines) => lines.some(({ level }) => level === "error"));
    return { action, count: runs.size, failed: failed.length };
  });
}
