// Alert rules and dashboard against what `scw-flexip metrics` really has, judged by promtool.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as z from "zod";
import { exposition } from "../../../driver/operator/metrics/family.ts";
import { REPOSITORY } from "../../rig.ts";
import { everything } from "./snapshots.ts";

const RULES = join(REPOSITORY, "packaging/prometheus/scw-flexip.rules.yml");
const DASHBOARD = join(REPOSITORY, "packaging/grafana/scw-flexip.json");
const RUNBOOK = join(REPOSITORY, "docs/runbooks/alerts.md");
const noPromtool = promtool(["--version"]) === undefined ? "promtool is missing (apt install prometheus)" : false;

const NAMES = new Set([...exposition(everything()).matchAll(/^# TYPE (\S+)/gm)].map(([, name = ""]) => name));

test("promtool finds nothing to say of the metrics", { skip: noPromtool }, () => {
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
    input: exposition(everything()),
    encoding: "utf8",
  });
  assert.deepEqual({ status, said: stdout + stderr }, { status: 0, said: "" });
});

test("the alert rules are valid, fire when they must and are silent when nothing is wrong", {
  skip: noPromtool,
}, () => {
  for (const words of [
    ["check", "rules", RULES],
    ["test", "rules", join(import.meta.dirname, "rules.promtool.yml")],
  ]) {
    const result = promtool(words);
    assert.equal(result?.status, 0, `${result?.stdout}${result?.stderr}`);
  }
});

test("alerts and dashboard ask only for metrics that exist", () => {
  for (const file of [RULES, DASHBOARD]) {
    const asked = [...readFileSync(file, "utf8").matchAll(/scw_flexip_[a-z_]+/g)].map(([name]) => name);
    assert.ok(asked.length > 8);
    assert.deepEqual(
      asked.filter((name) => !NAMES.has(name)),
      [],
      file,
    );
  }
});

test("every alert has a section with meaning, impact, diagnosis and mitigation in the runbook", () => {
  const rules = readFileSync(RULES, "utf8");
  const sections = readFileSync(RUNBOOK, "utf8").split(/^## /m);
  for (const [, alert = ""] of rules.matchAll(/- alert: (\w+)/g)) {
    const section = sections.find((text) => text.startsWith(`${alert}\n`)) ?? "";
    for (const word of ["Meaning", "Impact", "Diagnosis", "itigation"])
      assert.ok(section.includes(word), `${alert}: ${word}`);
    assert.ok(rules.includes(`alerts.md#${alert.toLowerCase()}`), `${alert} has no runbook_url`);
  }
});

test("each of the dashboard's queries is one that Prometheus can read", { skip: noPromtool }, () => {
  const queries = panels().flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll("$instance", ".*")));
  assert.equal(panels().length, 8);
  const folder = mkdtempSync(join(tmpdir(), "scw-flexip-"));
  try {
    const rules = queries.map((expr, index) => ({ record: `query:${index}`, expr }));
    writeFileSync(join(folder, "rules.yml"), JSON.stringify({ groups: [{ name: "queries", rules }] }));
    const result = promtool(["check", "rules", join(folder, "rules.yml")]);
    assert.equal(result?.status, 0, `${result?.stdout}${result?.stderr}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function panels() {
  const target = z.object({ expr: z.string() });
  const dashboard = z.object({ panels: z.array(z.object({ title: z.string(), targets: z.array(target) })) });
  return dashboard.parse(JSON.parse(readFileSync(DASHBOARD, "utf8"))).panels;
}

function promtool(words: readonly string[]) {
  const result = spawnSync("promtool", words, { encoding: "utf8" });
  return result.error === undefined ? result : undefined;
}
