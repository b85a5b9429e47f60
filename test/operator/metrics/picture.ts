// Writes docs/dashboard.svg: a day in the life of a small cloud, recorded from the built executable, put into a real
// Prometheus, and drawn from what it answers to the dashboard's queries. Run it by `make dashboard-picture`.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { REPOSITORY } from "../../rig.ts";
import { CloudRig, SERVER_A, SERVER_B } from "../cloud-rig.ts";
import { type Panel, svgOf } from "./svg.ts";

const HOURS = 24;
const STEP_S = 300;
const END_S = Date.UTC(2026, 10, 21) / 1_000;
const START_S = END_S - HOURS * 3_600;
const ADDRESS = "127.0.0.1:19090";
// How many VMs with an address there are in each hour of the day.
const GUESTS = [2, 2, 1, 1, 1, 2, 4, 7, 10, 12, 12, 11, 9, 11, 13, 13, 12, 10, 8, 6, 5, 4, 3, 2];

const target = z.object({ expr: z.string(), legendFormat: z.string() });
const panel = z.object({ title: z.string(), type: z.string(), targets: z.array(target) });
const series = z.object({
  metric: z.record(z.string(), z.string()),
  values: z.array(z.tuple([z.number(), z.string()])),
});
const matrix = z.object({ data: z.object({ result: z.array(series) }) });

const folder = mkdtempSync(join(tmpdir(), "scw-flexip-picture-"));
try {
  writeFileSync(join(folder, "day.om"), await recordedDay());
  const words = ["tsdb", "create-blocks-from", "openmetrics", join(folder, "day.om"), join(folder, "data")];
  const { status, stderr } = spawnSync("promtool", words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`promtool: ${stderr}`);
  writeFileSync(join(REPOSITORY, "docs/dashboard.svg"), svgOf(await askPrometheus()));
  process.stderr.write("docs/dashboard.svg written\n");
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** One run of the executable for each hour, repeated every five minutes. */
async function recordedDay(): Promise<string> {
  const rig = await (await CloudRig.start()).installed();
  const families = new Map<string, string[]>();
  try {
    rig.configure({ PRICE_MONTH: "2.20" });
    for (const [hour, guests] of GUESTS.entries()) {
      serve(rig, guests);
      await rig.run(["pool", "public", "--spare", "3", "--max", "16", "--shrink-after", "0m", "--grace", "0"]);
      const { stdout } = await rig.run(["metrics", "--grace", "0"]);
      stamp(families, stdout, START_S + hour * 3_600);
      process.stderr.write(`hour ${hour + 1} of ${HOURS}\n`);
    }
  } finally {
    await rig.stop();
  }
  return `${[...families.values()].flat().join("\n")}\n# EOF\n`;
}

/** The first ranges serve guests, on two hosts in turn; the others are free. */
function serve(rig: CloudRig, guests: number): void {
  rig.change((cloud) => {
    cloud.vms = [];
    for (const [index, range] of (cloud.networks[0]?.ranges ?? []).entries()) {
      const [host, serverId] = index % 2 === 0 ? ["kvm-a", SERVER_A] : ["kvm-b", SERVER_B];
      const isServing = index < guests;
      rig.simulator.account.set(range.attributes.SCW_FLEXIBLE_IP_ID ?? "", { serverId: isServing ? serverId : null });
      delete range.vm;
      if (!isServing) continue;
      range.vm = String(100 + index);
      cloud.vms.push({ id: range.vm, name: `web-${index}`, state: "3", lcmState: "3", host });
    }
  });
}

// All samples of a metric must stand together, and in order of time within a series.
function stamp(families: Map<string, string[]>, text: string, fromS: number): void {
  for (const [, name = "", labels = "", value] of text.matchAll(/^(scw_flexip_\w+)(?:\{(.*)\})? (\S+)$/gm)) {
    const lines = families.get(name) ?? [`# TYPE ${name} gauge`];
    for (let second = fromS; second < fromS + 3_600; second += STEP_S) {
      const now = name.endsWith("_timestamp_seconds") ? second : value;
      lines.push(`${name}{instance="fe"${labels && `,${labels}`}} ${now} ${second}`);
    }
    families.set(name, lines);
  }
}

async function askPrometheus(): Promise<Panel[]> {
  writeFileSync(join(folder, "prometheus.yml"), "global: {}\n");
  const prometheus = spawn(
    "prometheus",
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      "--storage.tsdb.retention.time=100y",
      `--web.listen-address=${ADDRESS}`,
    ],
    { stdio: "ignore" },
  );
  try {
    const isReady = () =>
      fetch(`http://${ADDRESS}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    for (let tries = 0; tries < 100 && !(await isReady()); tries += 1) await sleep(200);
    const file = join(REPOSITORY, "packaging/grafana/scw-flexip.json");
    const { panels } = z.object({ panels: z.array(panel) }).parse(JSON.parse(readFileSync(file, "utf8")));
    return await Promise.all(
      panels.map(async ({ targets, ...rest }) => ({
        ...rest,
        lines: (await Promise.all(targets.map(linesOf))).flat(),
      })),
    );
  } finally {
    prometheus.kill();
    await once(prometheus, "exit");
  }
}

async function linesOf({ expr, legendFormat }: z.infer<typeof target>): Promise<Panel["lines"]> {
  const query = new URLSearchParams({
    query: expr.replaceAll("$instance", ".*"),
    start: String(START_S),
    end: String(END_S - STEP_S),
    step: String(STEP_S),
  });
  const answer = matrix.parse(await (await fetch(`http://${ADDRESS}/api/v1/query_range?${query}`)).json());
  return answer.data.result.map(({ metric, values }) => ({
    name: legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? ""),
    points: values.map(([second, value]) => ({ at: (second - START_S) / (HOURS * 3_600), value: Number(value) })),
  }));
}
