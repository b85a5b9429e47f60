// What comes in wrong: the document, the address range, settings, token, server id. Each is refused with one line that
// names the thing, the reason and the next move, and nothing is changed at the API.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { ownershipTags } from "../driver/flexible-ip/ownership.ts";
import { type Fields, ipamDocument, readTemplate, vmDocument } from "./documents.ts";
import { InProcessRig } from "./in-process/rig.ts";
import { OTHER_PROJECT, PROJECT, type RunOptions, type RunResult } from "./rig.ts";

const INTENT = "55555555-5555-4555-8555-555555555555";

const rig = await InProcessRig.start();
after(() => rig.stop());
const { account } = rig.simulator;

const ours = account.add({
  projectId: PROJECT,
  mac: "52:54:00:01:02:03",
  tags: ownershipTags("one", "created", INTENT),
});
const range = {
  AR_ID: "0",
  IPAM_MAD: "scw-flexip",
  TYPE: "IP4",
  SIZE: "1",
  IP: ours.ip_address,
  MAC: "52:54:00:01:02:03",
  EXTERNAL_IP: ours.ip_address,
  SCW_FLEXIBLE_IP_ID: ours.id,
};
const nic = { NIC_ID: "0", IP: ours.ip_address, MAC: "52:54:00:01:02:03", EXTERNAL_IP: ours.ip_address };

type Caller = {
  readonly name: string;
  readonly isHook: boolean;
  /** A document that it would act on. */
  readonly document: string;
  readonly run: (document: string, options?: RunOptions) => Promise<RunResult>;
};

const [register, unregister, get, allocate, free] = (
  ["register_address_range", "unregister_address_range", "get_address", "allocate_address", "free_address"] as const
).map(
  (name): Caller => ({
    name,
    isHook: false,
    document: {
      register_address_range: ipamDocument({ IPAM_MAD: "scw-flexip", TYPE: "IP4", SIZE: "1" }),
      unregister_address_range: ipamDocument(range),
      get_address: ipamDocument(range, { SIZE: "1" }),
      allocate_address: ipamDocument(range, { IP: range.IP, SIZE: "1" }),
      free_address: ipamDocument(range, { IP: range.IP, SIZE: "1" }),
    }[name],
    run: (document, options) => rig.ipam(name, document, options),
  }),
);
assert.ok(register && unregister && get && allocate && free);
const hooks = (["pre", "post", "clean"] as const).map(
  (name): Caller => ({
    name,
    isHook: true,
    document: vmDocument([nic]),
    run: (document, options) => rig.hook("alpha", name, document, options),
  }),
);
const ipam = [register, unregister, get, allocate, free];
const everyone = [...ipam, ...hooks];

suite("the document", () => {
  const bomb = Array.from({ length: 9 }, (_, level) => {
    return `<!ENTITY e${level + 1} "${`&e${level};`.repeat(10)}">`;
  }).join("");
  const doctypes = {
    "a document type": `<!DOCTYPE r [<!ENTITY e "1">]>`,
    "a document type with an external part": `<!DOCTYPE r SYSTEM "file:///etc/hostname">`,
    "entities that grow without end": `<!DOCTYPE r [<!ENTITY e0 "1">${bomb}]>`,
  };

  for (const [what, raw] of [
    ["no base64", "<VM></VM>"],
    ["base64 with something behind it", `${Buffer.from("<VM></VM>").toString("base64")} %`],
    ["nothing", ""],
    ["white space alone", "\n \n"],
  ] as const) {
    test(`is ${what}`, () => refusedBy(everyone, { raw }, /standard input is (not base64|empty)/));
  }

  const inside = (text: string) => (document: string) => document.replace("</", `${text}</`);
  for (const [what, change, words] of [
    ["is 17 MiB long", inside(`<NOTE>${"x".repeat(17 * 1024 * 1024)}</NOTE>`), /is longer than \d+ bytes/],
    ["is cut early", (document: string) => document.slice(0, document.length / 4), /cut/],
    ["is cut late", (document: string) => document.slice(0, document.length * 0.9), /cut/],
    ["has another root", (document: string) => `<A>${document}</A>`, /does not start with <(IPAM_DRIVER|VM)/],
    ["has two roots", (document: string) => document + document, /./],
    ["is nested without end", inside(`${"<A>".repeat(9_000)}${"</A>".repeat(9_000)}`), /cannot be read as XML/],
    ...Object.entries(doctypes).flatMap(([doctype, text]) => [
      [
        `starts with ${doctype}`,
        (document: string) => text + document,
        /a document type|does not start with </,
      ] as const,
      [
        `has ${doctype} further in`,
        (document: string) => document.replace(/^<\w+>/, (root) => root + text),
        /document type/,
      ] as const,
    ]),
  ] as const) {
    test(what, async () => {
      const document = (caller: Caller) => change(caller.document);
      await refusedBy(everyone, { document }, /standard input /, words);
    });
  }

  test("may hold the text of a document type in a value", async (t) => {
    const fresh = await startFresh(t);
    const text = `<!DOCTYPE html [<!ENTITY e "1">]> &e; <?php ?>`;
    const { id, ip_address } = fresh.simulator.account.add({ projectId: PROJECT, mac: nic.MAC });
    const vm = vmDocument([{ ...nic, IP: ip_address, EXTERNAL_IP: ip_address }]).replace(
      "<USER_TEMPLATE></USER_TEMPLATE>",
      `<USER_TEMPLATE><DESCRIPTION><![CDATA[${text}]]></DESCRIPTION></USER_TEMPLATE>`,
    );
    assert.match(vm, /DOCTYPE/);
    for (const hook of ["pre", "post"] as const) {
      const run = await fresh.hook("alpha", hook, vm);
      assert.equal(run.code, 0, run.stderr);
      assert.equal(fresh.simulator.account.get(id)?.server_id, fresh.host("alpha").serverId);
    }
    const clean = await fresh.hook("alpha", "clean", vm);
    assert.equal(clean.code, 0, clean.stderr);
    await fresh.settled();
    assert.equal(fresh.simulator.account.get(id)?.server_id, null);

    const note = "<!DOCTYPE html> &amp; <b>";
    const run = await fresh.ipam("register_address_range", ipamDocument({ SIZE: "1", NOTE: note }));
    assert.equal(run.code, 0, run.stderr);
    assert.equal(readTemplate(run.stdout, "AR").get("NOTE"), note);
  });
});

// Which sizes, types and values are refused is in address-range.test.ts and template.test.ts.
suite("the address range", () => {
  const leasing = [get, allocate];
  const added = (fields: Fields) => () => ipamDocument({ TYPE: "IP4", SIZE: "1", ...fields });
  const instead = (text: string) => (caller: Caller) => caller.document.replace(/<AR>.*<\/AR>/, text);
  for (const [what, callers, document, ...words] of [
    ["is there twice", ipam, instead("$&$&"), /does not hold one <AR>/],
    ["is text", ipam, instead("<AR>1</AR>"), /does not hold one <AR>/],
    ["has no SIZE", [register], added({ SIZE: undefined }), /SIZE missing/, /add one range for each address/],
    ["is to have SIZE 2", [register], added({ SIZE: "2" }), /SIZE 2/, /add one range for each address/],
    ["has SIZE 2", leasing, () => ipamDocument({ ...range, SIZE: "2" }, { SIZE: "1" }), /SIZE 2/, /set SIZE to 1/],
    ["is asked for two", leasing, () => ipamDocument(range, { SIZE: "2" }), /2 were asked for/, /set SIZE to 1/],
    [
      "does not hold the address that is asked for",
      leasing,
      () => ipamDocument(range, { IP: "198.51.100.77", SIZE: "1" }),
      /198\.51\.100\.77/,
      /ask for/,
    ],
    [
      "has no address",
      [unregister, get, allocate, free],
      () => ipamDocument({ ...range, IP: undefined }, { SIZE: "1" }),
      /address range has no IP/,
      /add it again/,
    ],
    ["has TYPE IP6", [register], added({ TYPE: "IP6" }), /TYPE IP6/, /change TYPE/],
    ["has an attribute with a quote", [register], added({ DNS: 'say "hi"' }), /attribute DNS/, /change it/],
    ["has an IPAM_MAD with a quote", [register], added({ IPAM_MAD: 'a"b' }), /attribute IPAM_MAD/, /change it/],
    ["has an attribute with a wrong name", [register], added({ "MY-NOTE": "x" }), /attribute's name/, /rename it/],
    [
      "has an attribute twice",
      [register],
      instead("<AR><NOTE>1</NOTE><NOTE>2</NOTE></AR>"),
      /attribute NOTE/,
      /remove it or give it one value/,
    ],
    ["has a wrong GATEWAY", [register], added({ GATEWAY: "192.0.2.1/24" }), /GATEWAY of the address/, /correct it/],
    ["has a wrong NETWORK_MASK", [register], added({ NETWORK_MASK: "32" }), /NETWORK_MASK of the/, /correct it/],
  ] as const) {
    test(what, () => refusedBy(callers, { document }, ...words));
  }
});

// What else is wrong with a flexible IP is in fixtures/ipam/register_address_range/refused-*.
suite("the flexible IP that the address range names", () => {
  const taken = account.add({ projectId: PROJECT, tags: ownershipTags("one", "created", INTENT) });
  const theirs = account.add({ projectId: OTHER_PROJECT, mac: null });
  const otherCloud = account.add({ projectId: PROJECT, tags: ownershipTags("two", "created", INTENT) });
  const broken = account.add({ projectId: PROJECT, status: "error" });
  for (const [what, fields, ...words] of [
    ["is of another project, by id", { SCW_FLEXIBLE_IP_ID: theirs.id }, /project 2222/, /PROJECT_ID/],
    ["is another cloud's, by IP", { IP: otherCloud.ip_address }, /cloud two/, /name another one/],
    ["is another range's, by IP", { IP: taken.ip_address }, /held by an address range/, /name another one/],
    ["is in error", { IP: broken.ip_address }, /status error/, /console/],
    ["is no IPv6", { TYPE: "IP4_6_STATIC", SCW_FLEXIBLE_IP6_ID: broken.id }, /no IPv6/, /name another one/],
    ["is no UUID, for IPv6", { TYPE: "IP4_6_STATIC", SCW_FLEXIBLE_IP6_ID: "x" }, /SCW_FLEXIBLE_IP6_ID is no UUID/],
  ] as const) {
    test(what, () => refusedBy([register], { document: () => ipamDocument({ SIZE: "1", ...fields }) }, ...words));
  }
});

// What a setting, a token file and a server id file may be is in config.test.ts.
suite("settings", () => {
  const conf = readFileSync(join(rig.frontEnd.root, "etc/ipam/scw-flexip/scw-flexip.conf"), "utf8");
  const wrong = (name: string, content: string, mode = 0o600): string => {
    const file = join(rig.folder, name);
    writeFileSync(file, content, { mode });
    return file;
  };
  const token = wrong("open-token", "planted-token\n", 0o640);
  const noServer = wrong("no-server", `fr-par-1/${ours.id}\n`);

  for (const [what, options, callers, ...words] of [
    [
      "the file is missing",
      { env: { SCW_FLEXIP_CONF: join(rig.folder, "none.conf") } },
      everyone,
      /settings file .*none\.conf/,
      /create it/,
    ],
    [
      "a line of the file is wrong",
      { env: { SCW_FLEXIP_CONF: wrong("wrong.conf", `${conf}BANANA="1"\n`) } },
      everyone,
      new RegExp(`wrong\\.conf line ${conf.split("\n").length}: unknown setting BANANA; the settings are ZONE, `),
    ],
    [
      "a variable is wrong",
      { settings: { TIMEOUT: "soon" } },
      everyone,
      /environment variable SCW_FLEXIP_TIMEOUT: TIMEOUT must be .*; correct it/,
    ],
    [
      "others can read the token file",
      { settings: { TOKEN_FILE: token } },
      everyone,
      /token file .*open-token can be read by others; run: chmod 0600/,
    ],
    ["the token file is a folder", { settings: { TOKEN_FILE: rig.folder } }, everyone, /token file .* cannot be read/],
    [
      "the server id is of another zone",
      { settings: { SERVER_ID_FILE: noServer } },
      hooks,
      /server id file .*no-server names zone fr-par-1, but ZONE is fr-par-2; correct/,
    ],
  ] as const) {
    test(what, async () => {
      await refusedBy(callers, { options }, ...words);
      if (callers === everyone) await freedWithWarning(options, ...words);
      assert.doesNotMatch(rig.logs(), /planted/);
    });
  }
});

type Wrong = {
  /** In the place of the caller's own document. */
  readonly document?: (caller: Caller) => string;
  /** In the place of any document in base64. */
  readonly raw?: string;
  readonly options?: RunOptions;
};
type Outcome = { readonly caller: Caller; readonly result: RunResult };

/**
 * Each caller refuses, and nobody changes the account. Where settings are wrong, free_address is left to
 * freedWithWarning.
 */
async function refusedBy(callers: readonly Caller[], wrong: Wrong, ...words: readonly RegExp[]): Promise<void> {
  const before = account.all();
  rig.simulator.clearRequests();
  const refusing = callers.filter((caller) => wrong.options === undefined || caller !== free);
  const outcomes = await Promise.all(
    refusing.map(async (caller) => {
      const raw = wrong.raw === undefined ? {} : { raw: wrong.raw };
      const document = wrong.document?.(caller) ?? caller.document;
      return { caller, result: await caller.run(document, { ...wrong.options, ...raw }) };
    }),
  );
  assertRefused(outcomes, ...words);
  const writes = rig.simulator.requests.filter(({ method }) => method !== "GET");
  assert.deepEqual(
    Array.from(writes, ({ call }) => call),
    [],
  );
  assert.deepEqual(account.all(), before);
}

/**
 * Exit code 1, no answer, one line for the user, which matches all of `words` and names the next move. `clean` says that line
 * on standard output and succeeds: oned would take the end of a guest that is gone for failed.
 */
function assertRefused(outcomes: readonly Outcome[], ...words: readonly RegExp[]): void {
  for (const { caller, result } of outcomes) {
    const { code, stdout, plain, stderr } = result;
    const isClean = caller.name === "clean";
    assert.deepEqual({ code, lines: plain.length }, isClean ? { code: 0, lines: 0 } : { code: 1, lines: 1 }, stderr);
    assert.match(stdout, isClean ? /^[^\n]+\n$/ : /^$/);
    const line = isClean ? stdout.trimEnd() : (plain[0] ?? "");
    assert.ok(line.startsWith(`${caller.name}: `), line);
    assert.match(line, /; \S/, "no next move");
    for (const word of words) assert.match(line, word);
  }
}

/** A lease is freed whatever the settings are: a stuck one cannot be undone. A warning says what is wrong. */
async function freedWithWarning(options: RunOptions, ...words: readonly RegExp[]): Promise<void> {
  assert.ok(free);
  const before = account.all();
  const result = await free.run(free.document, options);
  assert.deepEqual(
    { code: result.code, stdout: result.stdout, plain: result.plain },
    { code: 0, stdout: "", plain: [] },
  );
  const [warning = "", ...more] = result.stderr.split("\n").filter((line) => line.startsWith("WARN: "));
  assert.deepEqual(more, []);
  assert.match(warning, /freed, but not known whether the address is still attached/);
  for (const word of words) assert.match(warning, word);
  assert.deepEqual(account.all(), before);
}

async function startFresh(t: { after(work: () => Promise<void>): void }): Promise<InProcessRig> {
  const fresh = await InProcessRig.start();
  t.after(() => fresh.stop());
  return fresh;
}
