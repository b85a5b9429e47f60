// The recorder as `npm run record` starts it, with the simulator in the place of the real API.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { z } from "zod";
import { parseFlexibleIp, parsePage } from "../driver/scaleway/client.ts";
import { type FaultSpec, type Simulator, startSimulator } from "./fakes/flexible-ip-server.ts";
import { scrubber } from "./record/scrub.ts";
import { REPOSITORY } from "./rig.ts";

const PROJECT = "7e57ab1e-1111-4111-8111-111111111111";
const SERVER = "7e57ab1e-3333-4333-8333-333333333333";
const TOKEN = "planted-token";

const exchange = z.strictObject({
  method: z.string(),
  path: z.string(),
  request: z.unknown(),
  status: z.number(),
  response: z.unknown(),
});

suite("the recorder", { concurrency: 4 }, () => {
  test("is what npm run record starts", () => {
    const { scripts } = z
      .looseObject({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")));
    assert.match(scripts.record ?? "", /node test\/record\.ts$/);
  });

  const complete = { SCW_SECRET_KEY: TOKEN, SCW_DEFAULT_PROJECT_ID: PROJECT, SCW_DEFAULT_ZONE: "fr-par-2" };
  const lacking = [
    { without: ["SCW_SECRET_KEY", "SCW_DEFAULT_PROJECT_ID", "SCW_DEFAULT_ZONE"] },
    { without: ["SCW_SECRET_KEY"] },
    { without: ["SCW_DEFAULT_PROJECT_ID", "SCW_DEFAULT_ZONE"] },
  ];
  for (const { without } of lacking) {
    test(`does nothing without ${without.join(", ")}, and says so`, async (t) => {
      const { simulator, record } = await start(t);
      const env = Object.fromEntries(Object.entries(complete).filter(([name]) => !without.includes(name)));
      const line = `record: nothing done, not set: ${without.join(", ")}\n`;
      assert.deepEqual(await record({ env }), { code: 0, stdout: line, stderr: "", files: [] });
      assert.deepEqual(await record({ env, parameters: ["--require"] }), {
        code: 1,
        stdout: line,
        stderr: "",
        files: [],
      });
      assert.deepEqual(simulator.requests, []);
    });
  }

  test("takes an empty variable for none", async (t) => {
    const { record } = await start(t);
    const { code, stdout } = await record({ env: { ...complete, SCW_SECRET_KEY: "" } });
    assert.deepEqual([code, stdout], [0, "record: nothing done, not set: SCW_SECRET_KEY\n"]);
  });

  test("sends the key to nobody in the clear", async (t) => {
    const { record } = await start(t);
    const { code, stderr } = await record({ env: { ...complete, SCW_API_URL: "http://api.example.net" } });
    assert.deepEqual(
      [code, stderr],
      [1, "record: nothing done: SCW_API_URL has to be https, or http to a loopback address\n"],
    );
  });

  test("records a life without a server", async (t) => {
    const { simulator, record, folder } = await start(t);
    writeFileSync(join(folder, "07-of-an-earlier-run.json"), "{}");
    writeFileSync(join(folder, "README.md"), "kept");
    const { code, stdout, stderr, files } = await record({ env: complete });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(
      stdout,
      /^record: creates one flexible IP .* 0\.01 euro at least\nrecord: created flexible IP \S+ \(\S+\)\nrecord: deleted what it made; .*\nrecord: wrote 8 fixtures to \S+\n$/,
    );
    assert.deepEqual(files, [
      "01-create.json",
      "02-read.json",
      "03-list.json",
      "04-make-mac.json",
      "05-read-with-mac.json",
      "06-change.json",
      "07-delete.json",
      "08-read-deleted.json",
      "README.md",
    ]);
    assert.deepEqual(simulator.account.all(), []);
  });

  test("records an attach and a detach where there is a server", async (t) => {
    const { simulator, record, folder } = await start(t, { delayed: true });
    const real = namesTold(simulator);
    const { code, files } = await record({ env: { ...complete, SCW_SERVER_ID: SERVER } });
    assert.equal(code, 0);
    assert.deepEqual(files, [
      "01-create.json",
      "02-read.json",
      "03-list.json",
      "04-make-mac.json",
      "05-read-with-mac.json",
      "06-change.json",
      "07-attach.json",
      "08-read-updating.json",
      "09-read-attached.json",
      "10-detach.json",
      "11-read-detaching.json",
      "12-read-ready.json",
      "13-delete.json",
      "14-read-deleted.json",
    ]);
    assert.deepEqual(simulator.account.all(), []);

    assert.ok(real.size >= 6);
    const exchanges = files.map((file) => exchange.parse(JSON.parse(readFileSync(join(folder, file), "utf8"))));
    const texts = exchanges.map((each) => JSON.stringify(each)).join("\n");
    for (const name of [...real, TOKEN, PROJECT, SERVER]) assert.ok(!texts.includes(name), `${name} is not scrubbed`);
    for (const { path, status, response } of exchanges) {
      if (status !== 200) continue;
      const isPage = /fips(\?.*|\/attach|\/detach)$/.test(path);
      const [flexibleIp] = isPage ? parsePage(response).flexibleIps : [parseFlexibleIp(response)];
      assert.equal(flexibleIp?.address, "192.0.2.1");
      assert.ok(flexibleIp?.mac === null || flexibleIp?.mac === "52:54:00:00:00:01");
    }
    // The same id is the same invented one wherever it stands.
    assert.equal(new Set(exchanges.flatMap(({ path }) => /fips\/([0-9a-f-]{36})/.exec(path)?.[1] ?? [])).size, 1);
    assert.match(texts, /"reverse":"192-0-2-1\.rev\.example\.net\."/);
    assert.match(texts, /"updated_at":"\d{4}-\d\d-\d\dT/);
    assert.deepEqual(exchanges.at(-1)?.status, 403);
  });

  const lost: readonly { name: string; fault: FaultSpec; says: RegExp }[] = [
    { name: "a refused step", fault: broken("mac.generate"), says: /^record: POST \S+\/mac: 500 not now$/m },
    {
      name: "a lost answer to the creation",
      fault: { call: "create", do: { kind: "reset", when: "after" } },
      says: /fetch failed/,
    },
    {
      name: "an answer that is no JSON",
      fault: { call: "create", do: { kind: "body", text: "<html>" } },
      says: /expected object/,
    },
    { name: "a deletion that fails at first", fault: broken("delete"), says: /^record: DELETE \S+: 500 not now$/m },
    { name: "an attach that is refused", fault: broken("attach"), says: /^record: POST \S+\/attach: 500/m },
  ];
  for (const { name, fault, says } of lost) {
    test(`leaves nothing behind after ${name}`, async (t) => {
      const { simulator, record } = await start(t);
      const foreign = simulator.account.add({ projectId: PROJECT, tags: ["scw-flexip:record", "web"] });
      simulator.fault(fault);
      const { code, stdout, stderr, files } = await record({ env: { ...complete, SCW_SERVER_ID: SERVER } });
      assert.equal(code, 1);
      assert.match(stderr, says);
      assert.match(stdout, /^record: deleted what it made; nothing of it is left in the project$/m);
      assert.deepEqual(files, []);
      assert.deepEqual(
        simulator.account.all().map(({ id }) => id),
        [foreign.id],
      );
    });
  }

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    for (const call of ["create", "attach", "delete"] as const) {
      test(`leaves nothing behind when ${signal} comes during ${call}`, async (t) => {
        const { simulator, record } = await start(t);
        const held = simulator.fault({ call, do: { kind: "hold", when: "after" } });
        const started = (child: ChildProcess): void => {
          void held.reached.then(() => child.kill(signal));
          child.stderr?.once("data", () => {
            child.kill(signal);
            held.release();
          });
        };
        const { code, stdout, stderr, files } = await record({ env: { ...complete, SCW_SERVER_ID: SERVER }, started });
        assert.equal(code, 1);
        assert.equal(stderr, `record: stopped by ${signal}; deleting what it made\n`);
        assert.match(stdout, /^record: deleted what it made; /m);
        assert.deepEqual(files, []);
        assert.deepEqual(simulator.account.all(), []);
      });
    }
  }

  test("deletes it although the API fails now and then", async (t) => {
    const { simulator, record } = await start(t);
    simulator.fault(broken("attach"));
    simulator.fault({ call: "list", skip: 1, do: { kind: "reset", when: "before" } });
    simulator.fault({ call: "delete", do: { kind: "reset", when: "before" } });
    const { code, stdout } = await record({ env: { ...complete, SCW_SERVER_ID: SERVER } });
    assert.equal(code, 1);
    assert.match(stdout, /^record: deleted what it made; /m);
    assert.deepEqual(simulator.account.all(), []);
  });

  test("says what is left when it cannot delete it", async (t) => {
    const { simulator, record } = await start(t);
    simulator.fault({ call: "mac.generate", do: { kind: "status", status: 500, body: { message: TOKEN } } });
    const refused = { kind: "status", status: 403, body: { message: "insufficient permissions" } } as const;
    simulator.fault({ call: "list", skip: 1, times: 1_000, do: refused });
    const { code, stdout, stderr } = await record({ env: complete });
    assert.equal(code, 1);
    assert.doesNotMatch(stdout, /deleted what it made/);
    assert.match(
      stderr,
      /^record: POST \S+\/mac: 500 \*\*\*\nrecord: NOT deleted, and billed on: flexible IP 203\S+ \(\S+\), tagged scw-flexip:record=\S+ \(GET \S+: 403 insufficient permissions\); delete it in the Scaleway console\n$/,
    );
  });
});

suite("scrubbing", () => {
  const id = "F1E81B1E-0000-4000-8000-00000000000A";
  const texts = [
    {
      text: `${id} ${id.toLowerCase()}`,
      scrubbed: "00000000-0000-4000-8000-000000000001 00000000-0000-4000-8000-000000000001",
    },
    {
      text: `tags=scw-flexip%3Arecord%3D${id}&x`,
      scrubbed: "tags=scw-flexip%3Arecord%3D00000000-0000-4000-8000-000000000001&x",
    },
    { text: '"203.0.113.7"', scrubbed: '"192.0.2.1"' },
    { text: "203.0.113.7/32, 203.0.113.8.", scrubbed: "192.0.2.1/32, 192.0.2.2." },
    { text: "203-0-113-7.rev.example.net.", scrubbed: "192-0-2-1.rev.example.net." },
    { text: "203.0.113.7 203-0-113-7.rev", scrubbed: "192.0.2.1 192-0-2-1.rev" },
    { text: "2001:DB8:7:7::/64", scrubbed: "2001:db8:0:1::/64" },
    { text: "2001:db8:7:7::1", scrubbed: "2001:db8:0:1::" },
    { text: "2001-db8-7-7--.rev.example.net.", scrubbed: "2001-db8-0-1--.rev.example.net." },
    { text: "52:54:00:AB:cd:ef 52:54:00:ab:cd:ef", scrubbed: "52:54:00:00:00:01 52:54:00:00:00:01" },
    { text: `key ${TOKEN}!`, scrubbed: "key ***!" },
    { text: "2026-02-25T09:35:25.816224726Z", scrubbed: "2026-02-25T09:35:25.816224726Z" },
    {
      text: "2026-02-25, 11:35:44, 1.2.3, v1.2.3.4.5, fr-par-2, 400",
      scrubbed: "2026-02-25, 11:35:44, 1.2.3, v1.2.3.4.5, fr-par-2, 400",
    },
    { text: '{"a":{"b":[]},"c":"kvm"}', scrubbed: '{"a":{"b":[]},"c":"kvm"}' },
  ];
  for (const { text, scrubbed } of texts) test(text, () => assert.equal(scrubber(TOKEN)(text), scrubbed));

  test("gives the same name to the same thing in all texts", () => {
    const scrub = scrubber(TOKEN);
    assert.equal(scrub("203.0.113.7"), scrub("203.0.113.7"));
    assert.notEqual(scrub("203.0.113.7"), scrub("203.0.113.8"));
  });
});

type RecordOptions = {
  readonly env: Readonly<Record<string, string>>;
  readonly parameters?: readonly string[];
  readonly started?: (child: ChildProcess) => void;
};
type Outcome = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly files: string[];
};

/** A simulator, and the recorder pointed at it. */
async function start(
  t: TestContext,
  options: { delayed?: boolean } = {},
): Promise<{
  simulator: Simulator;
  folder: string;
  record: (options: RecordOptions) => Promise<Outcome>;
}> {
  // Slow enough to be seen under way.
  const settle = options.delayed === true ? { attachMs: 3_000, detachMs: 3_000 } : {};
  const simulator = await startSimulator({ token: TOKEN, settle });
  const folder = mkdtempSync(join(tmpdir(), "scw-flexip-record-"));
  t.after(async () => {
    await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { simulator, folder, record: (each) => record(simulator, folder, each) };
}

async function record(
  simulator: Simulator,
  folder: string,
  { env, parameters = [], started }: RecordOptions,
): Promise<Outcome> {
  const script = join(REPOSITORY, "test/record.ts");
  const child = spawn(process.execPath, [script, `--folder=${folder}`, ...parameters], {
    env: { PATH: "/usr/bin:/bin", SCW_API_URL: simulator.url, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started?.(child);
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const [stdout, stderr] = [out, err].map((chunks) => Buffer.concat(chunks).toString("utf8"));
  assert.ok(!`${stdout}${stderr}`.includes(TOKEN), "the key was printed");
  return { code, stdout: stdout ?? "", stderr: stderr ?? "", files: readdirSync(folder).sort() };
}

/** Fills up with all ids and addresses that the API tells. */
function namesTold(simulator: Simulator): Set<string> {
  const told = new Set<string>();
  const names = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|52:54:[0-9a-f:]+|203[.-]0[.-]113[.-]\d+/g;
  const edit = (body: unknown): unknown => {
    for (const [name] of JSON.stringify(body).matchAll(names)) told.add(name);
    return body;
  };
  simulator.fault({ call: ["create", "get", "mac.generate", "attach"], times: 100, do: { kind: "rewrite", edit } });
  return told;
}

function broken(call: FaultSpec["call"]): FaultSpec {
  return { ...(call === undefined ? {} : { call }), do: { kind: "status", status: 500, body: { message: "not now" } } };
}
