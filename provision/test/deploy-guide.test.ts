// docs/deploy.md word for word: its commands run in their order, with stand-ins for what needs an account or a server.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { checkSettings, ownSettings } from "../settings.ts";
import { FORMER_SETTINGS, PASSWORDS, settingsSchema } from "../settings-schema.ts";
import { buildGraph, NOW } from "./graph.ts";
import { openWorkplace, type Run, run, type Workplace } from "./rig/workplace.ts";

const PAGE = readFileSync(new URL("../../docs/deploy.md", import.meta.url), "utf8");
const BLOCKS = [...PAGE.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block.trim().split("\n"));
const LAYOUT = {
  hosttohost: { vlan: 1010, address: "10.16.0.10/20" },
  vmtovm: { vlan: 2010, address: "172.16.24.10/22" },
};

// Keeps settings as Pulumi does, and answers with a stack that is up.
const PULUMI = `#!/usr/bin/env node
const { existsSync, readFileSync, writeFileSync } = require("node:fs");
const file = process.env.RIG + "/settings.json";
const settings = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
const words = process.argv.slice(2).filter((word) => word !== "--secret");
const key = words[2] && (words[2].includes(":") ? words[2] : "hosted-cloud:" + words[2]);
const secret = process.argv.includes("--secret");
if (words[0] === "config" && words[1] === "set") settings[key] = secret ? { secret } : { value: words[3], secret };
if (words[0] === "config" && words[1] === "rm") delete settings[key];
if (words[0] === "config") writeFileSync(file, JSON.stringify(settings));
const answers = {
  "version": "v3.270.0",
  "config --json": JSON.stringify(settings),
  "stack export": '{"deployment": {}}',
  "-C state stack output backend": "s3://bucket/pulumi?region=fr-par",
  "-C state stack output projectId": "22222222-2222-4222-8222-222222222222",
  "-C state stack output stateProjectId": "33333333-3333-4333-8333-333333333333",
  "-C state stack output backupProjectId": "44444444-4444-4444-8444-444444444444",
  "-C state stack output backupBucket": "opennebula-backup-11111111",
};
const outputs = words.join(" ").startsWith("stack output --json") ? readFileSync(process.env.RIG + "/answers/outputs", "utf8") : "";
process.stdout.write(outputs || answers[words.join(" ")] || "");
`;

// Hosts on which everything is in place, and an OpenNebula whose public network has no addresses yet.
const SSH = `#!/bin/sh
case "$*" in
  *" facts") printf 'nic=enp5s0\\nmac=02:00:5e:00:53:01\\naddress=192.0.2.10/24\\ngateway=192.0.2.1\\nresolvers=\\n' ;;
  *"onevnet show"*) echo '{"VNET": {"AR_POOL": {}}}' ;;
esac
`;

const CLONE = `#!/bin/sh
[ "$1" = clone ] || exit 0
for folder; do :; done
mkdir -p "$folder/.git"
printf 'requirements main validation:\\n\\t@ansible-playbook $@\\n' >"$folder/Makefile"
`;

describe("the deployment guide", () => {
  let place: Workplace;
  const done: { readonly line: string; readonly result: Run }[] = [];
  const environment: Record<string, string> = {};

  before(() => {
    const programs = [
      "pulumi",
      "ssh",
      "git",
      "hatch",
      "weasyprint",
      "ansible-playbook",
      "pipx",
      "curl",
      "ssh-add",
      "scw",
    ];
    place = openWorkplace(...programs);
    place.answer("pulumi", PULUMI);
    place.answer("ssh", SSH);
    place.answer("git", CLONE);
    place.answer("outputs", JSON.stringify(outputs(["fe", "host01", "host02"])));
  });
  after(() => place.remove());

  const runLine = async (line: string) => {
    const [, name, other] = [...(/^export (\w+)=\S+(?: (\w+)=)?/.exec(line) ?? [])];
    const script = `${line}\nenv -0`;
    const result = await run("bash", ["-euc", name === undefined ? line : script], {
      environment: { ...place.environment, ...environment },
    });
    // What a shell of the operator's would keep.
    for (const pair of result.stdout.split("\0")) {
      const [key = "", value = ""] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
      if (name !== undefined && (key === name || key === other)) environment[key] = value;
    }
    done.push({ line, result });
    return result;
  };
  const settings = async () => {
    const { stdout } = await run("pulumi", ["config", "--json"], { environment: place.environment });
    const entries: [string, { value?: string }][] = Object.entries(JSON.parse(stdout));
    const written = ownSettings(Object.fromEntries(entries.map(([key, { value }]) => [key, value])), "hosted-cloud");
    return checkSettings(written, NOW);
  };

  test("holds commands that all run, in their order, and leave settings that pass the checks after each", async () => {
    for (const block of BLOCKS) {
      for (const line of block) {
        // Without an account it can only say what is missing, which the next test looks at.
        if (/make preflight/.test(line)) continue;
        const { status, stdout, stderr } = await runLine(line.replace(/^make /, `make -C ${place.provision} `));
        assert.equal(status, 0, `${line}\n${stdout}${stderr}`);
        if (!line.startsWith("make state")) continue;
        // The lines that it prints are to be run.
        for (const printed of stdout.split("\n").filter((text) => text.startsWith("  ")))
          assert.equal((await runLine(filled(printed.trim()))).status, 0, printed);
      }
      if (block.some((line) => line.startsWith("pulumi config set dbP") || line.includes("workers"))) await settings();
    }
    assert.equal(environment.AWS_ACCESS_KEY_ID, "SCWXXXXXXXXXXXXXXXXX@33333333-3333-4333-8333-333333333333");
    assert.deepEqual((await settings()).workers, ["host01", "host03"]);
    const said = done.map(({ result }) => result.stderr).join("");
    assert.match(
      said,
      /host01: the layout is in place already\nhost02: .*\n(.*\n)*fe: the layout is in place already\n/,
    );
    assert.match(said, /adding address 2 of 2 to the network public\n/);
    assert.match(said, /the stack holds nothing\n$/);
  });

  test("says in make preflight what an operator who came so far without an account lacks: that alone", async () => {
    const { stdout } = await run("make", ["-C", place.provision, "preflight"], {
      environment: { ...place.environment, ...environment, SCW_API_URL: "http://127.0.0.1:1" },
    });
    const missing = stdout.split("\n").filter((line) => line.startsWith("MISSING"));
    assert.ok(missing.length > 0 && missing.every((line) => line.includes("127.0.0.1:1 does not answer")), stdout);
  });

  test("names no target and no setting that is not there", () => {
    const makefile = readFileSync(new URL("../Makefile", import.meta.url), "utf8");
    const code = [...PAGE.matchAll(/`([^`\n]+)`/g)].map(([, text = ""]) => text).concat(BLOCKS.flat());
    const targets = code
      .filter((text) => text.startsWith("make "))
      .flatMap((text) => text.split(" ").filter((word) => /^[a-z-]+$/.test(word) && word !== "make"));
    assert.ok(targets.length > 20);
    assert.deepEqual(
      targets.filter((target) => !new RegExp(`^${target}:`, "m").test(makefile)),
      [],
    );
    // They are at the root of the repository too.
    const root = readFileSync(new URL("../../Makefile", import.meta.url), "utf8");
    assert.deepEqual(
      targets.filter((target) => !new RegExp(`^${target}:.* ## cloud: `, "m").test(root)),
      [],
    );
    const known = [...Object.keys(settingsSchema.shape), ...Object.keys(PASSWORDS)];
    const set = [...PAGE.matchAll(/pulumi config (?:set|rm)(?: --secret)? (?:scaleway:)?(\w+)/g)].map(
      ([, key = ""]) => key,
    );
    const named = [...PAGE.matchAll(/`([a-z]+(?:[A-Z][a-z]+)+)`/g)].map(([, key = ""]) => key);
    assert.deepEqual(
      [...set, ...named].filter((key) => !known.includes(key)),
      [],
    );
    for (const former of Object.keys(FORMER_SETTINGS)) assert.doesNotMatch(PAGE, new RegExp(`\`${former}\``));
  });

  test("prints the programs' pins and paths as they are", () => {
    const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    assert.ok(PAGE.includes(`--version ${manifest.dependencies["@pulumi/pulumi"]}\n`));
    const example = fileURLToPath(new URL("../Pulumi.example.yaml", import.meta.url));
    assert.ok(readFileSync(example, "utf8").includes("hosted-cloud:workers"));
  });

  test("gives an import file that Pulumi takes: each name once, each parent there, each resource one of the program", async () => {
    const [, json = ""] = /```json\n(.*?)```/s.exec(PAGE) ?? [];
    const { resources }: { resources: { type: string; name: string; logicalName?: string; parent?: string }[] } =
      JSON.parse(json);
    const names = resources.map(({ name }) => name);
    const parents = resources.flatMap(({ parent }) => parent ?? []);
    // Pulumi calls a parent ambiguous if its name is in the file twice.
    assert.deepEqual(
      parents.filter((parent) => names.filter((name) => name === parent).length !== 1),
      [],
    );
    const { registrations } = await buildGraph();
    const declared = registrations.map(({ type, name }) => `${type} ${name}`);
    const imported = resources.map(({ type, name, logicalName }) => `${type} ${logicalName ?? name}`);
    assert.deepEqual(
      imported.filter((resource) => !declared.includes(resource)),
      [],
    );
    // All but the workers' and the keys, which are made.
    const others = declared.filter((resource) => !/host01|driver-/.test(resource));
    assert.deepEqual(imported.sort(), others.sort());
  });
});

/** A printed line with what only the operator can know. */
function filled(line: string): string {
  return line.replace("<name>", "prod").replace(/<what age-keygen.*>/, `age1${"q".repeat(58)}`);
}

function outputs(names: readonly string[]) {
  const hosts = names.map((name, index) => ({
    name,
    publicIp: `192.0.2.${10 + index}`,
    privateIp: `10.16.0.${10 + index}`,
    serverId: `fr-par-2/0000000${index}-0000-4000-8000-000000000000`,
    layout: LAYOUT,
  }));
  const inventory = '---\nall: {vars: {one_version: "7.0", one_pass: "example"}}\n';
  const driver = { config: "", frontendToken: "a", hostsToken: "b", publicAddressCount: 2, publicNetwork: "" };
  return { sshUser: "ubuntu", zone: "fr-par-2", hosts, inventory, validation: "---\n{}\n", driver };
}
