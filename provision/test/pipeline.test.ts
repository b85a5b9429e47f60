// The pipelines: actionlint checks them, and each job's script runs with recorders instead of what it calls.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import * as z from "zod";
import { openWorkplace, run, type Workplace } from "./rig/workplace.ts";
import { without } from "./tools.ts";

const FOLDER = fileURLToPath(new URL("../ci", import.meta.url));
const GITHUB = ["cloud", "drift", "destroy"].map((name) => join(FOLDER, `github-${name}.yml`));
const STEPS = ["preflight", "plan", "up", "network", "deployment", "specifics", "hardening", "backup", "validation"];
const SECRETS = {
  SCW_ACCESS_KEY: "SCWEXAMPLEEXAMPLE000",
  SCW_SECRET_KEY: "planted-key",
  PULUMI_CONFIG_PASSPHRASE: "planted-words",
};

const step = z.looseObject({ run: z.string().optional(), uses: z.string().optional() });
const job = z.looseObject({ needs: z.string().optional(), environment: z.string().optional(), steps: z.array(step) });
const workflow = z.looseObject({
  permissions: z.object({ contents: z.literal("read") }),
  concurrency: z.object({ group: z.string(), "cancel-in-progress": z.boolean() }),
  jobs: z.record(z.string(), job),
});
const gitlabJob = z.looseObject({
  extends: z.string().optional(),
  stage: z.string().optional(),
  resource_group: z.string().optional(),
  script: z.array(z.string()).optional(),
  rules: z.array(z.looseObject({ when: z.string().optional() })).optional(),
});

const workflowOf = (file = "") => workflow.parse(parse(readFileSync(file, "utf8")));
const gitlab: Record<string, unknown> = parse(readFileSync(join(FOLDER, "gitlab.yml"), "utf8"));

test("the workflows are clean for actionlint", { skip: without("actionlint") }, () => {
  const { stdout, stderr, status } = spawnSync("actionlint", GITHUB, { encoding: "utf8" });
  assert.equal(`${stdout}${stderr}`, "");
  assert.equal(status, 0);
});

test("shellcheck finds nothing in the script that prepares a job", { skip: without("shellcheck") }, () => {
  assert.equal(spawnSync("shellcheck", [join(FOLDER, "prepare.sh")], { encoding: "utf8" }).stdout, "");
});

describe("on GitHub", () => {
  test("one step follows the other, and only a reviewer lets the order through", () => {
    const { jobs } = workflowOf(GITHUB[0]);
    assert.deepEqual(Object.keys(jobs), ["check", ...STEPS]);
    for (const [index, name] of STEPS.entries()) assert.equal(jobs[name]?.needs, ["check", ...STEPS][index], name);
    assert.equal(jobs.up?.environment, "cloud-approve");
    assert.deepEqual(Object.entries(jobs).filter(([, { environment }]) => environment === "cloud-approve").length, 1);
    assert.equal(workflowOf(GITHUB[2]).jobs.destroy?.environment, "cloud-destroy");
  });

  test("a stack has one run at a time, whichever workflow it is, and none is ended half-way", () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's own expression
    const group = "cloud-${{ vars.STACK }}";
    for (const file of GITHUB) assert.deepEqual(workflowOf(file).concurrency, { group, "cancel-in-progress": false });
  });

  test("every action is pinned by its whole commit, and no secret is in a command", () => {
    for (const file of GITHUB) {
      const steps = Object.values(workflowOf(file).jobs).flatMap((found) => found.steps);
      for (const { uses, run: command } of steps) {
        if (uses !== undefined) assert.match(uses, /@[0-9a-f]{40}$/);
        assert.doesNotMatch(command ?? "", /\$\{\{/, "an expression in a shell command");
      }
    }
  });
});

describe("on GitLab", () => {
  const jobs = Object.entries(gitlab)
    .filter(([name]) => !["stages", "variables", "workflow", "default"].includes(name))
    .map(([name, value]) => [name, gitlabJob.parse(value)] as const);
  const byName = Object.fromEntries(jobs);

  test("the stages are the same steps, and order and deletion wait for a person", () => {
    assert.deepEqual(gitlab.stages, ["check", ...STEPS, "drift", "destroy"]);
    assert.deepEqual(
      jobs.filter(([, { rules }]) => rules?.some(({ when }) => when === "manual")).map(([name]) => name),
      ["up", "destroy"],
    );
  });

  test("every job that touches the cloud is one at a time per stack", () => {
    assert.equal(byName[".job"]?.resource_group, "cloud-$STACK");
    assert.equal(byName[".deploy"]?.extends, ".job");
    for (const [name, { extends: parent }] of jobs.filter(([found]) => !found.startsWith(".") && found !== "check"))
      assert.ok(parent === ".job" || parent === ".deploy", name);
  });
});

describe("each job's script", () => {
  let place: Workplace;
  let environment: Record<string, string | undefined>;
  before(() => {
    place = openWorkplace(
      "pulumi",
      "ansible-playbook",
      "hatch",
      "git",
      "ssh",
      "ssh-agent",
      "ssh-add",
      "pipx",
      "sudo",
      "apt-get",
      "curl",
    );
    writeFileSync(
      join(dirname(place.provision), "Makefile"),
      ".PHONY: remotes\nremotes:\n\t@echo make remotes >>$(RIG)/calls\n",
    );
    // Takes the key by standard input, where nobody sees it.
    place.answer(
      "ssh-add -q -",
      '#!/bin/sh\ntest "$(cat)" = planted-private-key && echo "the key arrived" >>"$RIG/calls"\n',
    );
    environment = {
      ...place.environment,
      ...SECRETS,
      STACK: "prod",
      BACKEND: "s3://bucket/pulumi?region=fr-par&s3ForcePathStyle=true",
      KNOWN_HOSTS: "192.0.2.10 ssh-ed25519 AAAA",
      SSH_PRIVATE_KEY: "planted-private-key",
      SSH_AUTH_SOCK: join(dirname(place.provision), "agent"),
      GITHUB_PATH: join(dirname(place.provision), "path"),
      GITHUB_STEP_SUMMARY: join(dirname(place.provision), "summary"),
      CONFIRM: "prod",
    };
  });
  beforeEach(() => {
    place.calls();
    place.answer("pulumi stack export", '{"deployment": {}}');
  });
  after(() => place.remove());

  /** Runs commands as a runner does, each in its own shell, until one fails. Returns what was called. */
  const play = async (commands: readonly string[]): Promise<string[]> => {
    for (const command of commands) {
      const script = `cd ${dirname(place.provision)} && ${command}`;
      const { status } = await run("bash", ["-e", "-o", "pipefail", "-c", script], { environment });
      if (status !== 0) break;
    }
    return place.calls();
  };
  const scripts: Record<string, (name: string) => string[]> = {
    GitHub: (name) => workflowOf(GITHUB[0]).jobs[name]?.steps.flatMap(({ run: command }) => command ?? []) ?? [],
    GitLab: (name) => ["provision/ci/prepare.sh", ...(gitlabJob.parse(gitlab[name]).script ?? [])],
  };

  for (const [service, scriptOf] of Object.entries(scripts)) {
    test(`on ${service} prepares itself: login, stack, key, host keys`, async () => {
      const calls = await play(scriptOf("plan"));
      assert.deepEqual(calls, [
        "pulumi login s3://bucket/pulumi?region=fr-par&s3ForcePathStyle=true",
        "pulumi stack select prod",
        `ssh-agent -a ${environment.SSH_AUTH_SOCK}`,
        "ssh-add -q -",
        "the key arrived",
        "pulumi preview --refresh --diff --save-plan .cloud/plan.json",
      ]);
      assert.equal(readFileSync(join(place.provision, ".cloud/known_hosts"), "utf8"), "192.0.2.10 ssh-ed25519 AAAA\n");
      for (const secret of ["planted-private-key", ...Object.values(SECRETS)])
        assert.ok(!calls.join("\n").includes(secret), secret);
    });

    test(`on ${service} orders from the plan that was approved`, async () => {
      const calls = await play(scriptOf("up"));
      assert.deepEqual(calls.slice(-2), ["pulumi stack export", "pulumi up --refresh --plan .cloud/plan.json"]);
    });

    for (const name of STEPS.slice(3))
      test(`on ${service} in ${name} reads the stack's outputs`, async () => {
        const calls = await play(scriptOf(name));
        assert.ok(
          calls.some((call) => call.startsWith("pulumi stack output --json")),
          calls.join("\n"),
        );
        assert.equal(calls.includes("make remotes"), name === "specifics");
      });
  }

  test("says at once which setting of the pipeline is missing", async () => {
    const { status, stderr } = await run(join(place.provision, "ci/prepare.sh"), [], {
      environment: { ...environment, BACKEND: "" },
    });
    assert.equal(status, 1);
    assert.match(stderr, /^BACKEND is not set; docs\/pipeline\.md lists what a pipeline needs\n$/);
    assert.deepEqual(place.calls(), []);
  });

  test("of the night looks at everything, even if one thing differs, and reports it", async () => {
    place.answer("pulumi stack output --json", JSON.stringify(HOSTS));
    place.answer("pulumi preview --refresh --expect-no-changes --diff", "#!/bin/sh\necho '~ server host01'\nexit 1\n");
    const calls = await play(
      workflowOf(GITHUB[1]).jobs.drift?.steps.flatMap(({ run: command }) => command ?? []) ?? [],
    );
    assert.ok(calls.includes("pulumi preview --refresh --expect-no-changes --diff"));
    for (const command of ["doctor", "reconcile"])
      assert.ok(
        calls.some((call) => call.startsWith("ssh ") && call.includes(`scw-flexip ${command}`)),
        command,
      );
    const report = readFileSync(join(place.provision, ".cloud/drift.md"), "utf8");
    assert.match(report, /^## Differs: what Scaleway has\n\n```\n~ server host01\n```$/m);
    assert.match(report, /^## As it should be: scw-flexip reconcile$/m);
    assert.ok(!calls.some((call) => / (up|destroy|apply|stage)( |$)/.test(call)), "nothing is changed");
  });

  test("that deletes gives the name of the stack along", async () => {
    const steps = workflowOf(GITHUB[2]).jobs.destroy?.steps.flatMap(({ run: command }) => command ?? []) ?? [];
    assert.equal(steps.at(-1), 'make -C provision destroy CONFIRM="$CONFIRM"');
    assert.ok((await play(steps)).includes("pulumi stack export"));
  });
});

const HOSTS = {
  sshUser: "ubuntu",
  zone: "fr-par-2",
  hosts: [
    {
      name: "fe",
      publicIp: "192.0.2.10",
      privateIp: "10.16.0.10",
      serverId: "fr-par-2/a",
      layout: {
        hosttohost: { vlan: 1010, address: "10.16.0.10/20" },
        vmtovm: { vlan: 2010, address: "172.16.24.10/22" },
      },
    },
  ],
};
