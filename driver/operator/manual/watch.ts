import { type CommandText, GRACE, OUTPUT } from "./text.ts";

export const METRICS: CommandText = {
  name: "metrics",
  parameters: "",
  summary: "print the state of the cloud as metrics for Prometheus",
  text: `Prints OpenMetrics text: addresses by network and status, drift by kind, addresses per server, runs and failures of the
last hour, findings of doctor, versions of the hosts, the API's time, what the addresses cost a month (PRICE_MONTH). Nothing is
changed. With --file the text is written in one piece, for node_exporter's textfile collector; scw-flexip-metrics.timer does so
every five minutes (install --timer). Exit code 1: OpenNebula or Scaleway did not answer, which is a metric, too.`,
  options: [{ flags: "--file <path>", text: "write there, in one piece, instead of printing" }, GRACE],
  examples: [
    { command: "scw-flexip metrics", text: "look at them" },
    {
      command: "scw-flexip metrics --file /var/lib/prometheus/node-exporter/scw-flexip.prom",
      text: "for the textfile collector",
    },
  ],
};

export const POOL: CommandText = {
  name: "pool",
  parameters: "[network]",
  summary: "keep a number of free addresses ready in a network",
  text: `Adds ranges to the network until --spare of them are free, up to --max in all, and gives back bought ranges that have
been free for longer than --shrink-after, those first that have been free longest; the time counts from the first run that
saw the range free. Idle flexible IPs of this cloud that no range has are taken before any is bought. A range with a lease,
an adopted one and an attached one stay. Without a network: every network that declares SCW_FLEXIP_SPARE and SCW_FLEXIP_MAX
(and SCW_FLEXIP_SHRINK_AFTER), which is what the timer runs. Stops at the first refusal. Exit code 3: fewer are free than are
wanted, because --max is reached.`,
  options: [
    { flags: "--spare <number>", text: "free ranges to keep ready" },
    { flags: "--max <number>", text: "ranges of this driver in the network, at most" },
    { flags: "--shrink-after <span>", text: "how long a range must have been free before it is given back (24h)" },
    { flags: "--dry-run", text: "only print what would be done and what it would cost a month" },
    GRACE,
    ...OUTPUT,
  ],
  examples: [
    { command: "scw-flexip pool public --spare 2 --max 20 --dry-run", text: "the plan" },
    { command: "scw-flexip pool public --spare 2 --max 20", text: "do it once" },
    { command: "scw-flexip pool", text: "every network that declares it" },
  ],
};
