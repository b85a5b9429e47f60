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

suite("the address range", () => {
  test("is missing", async () => {
    const none = "<IPAM_DRIVER_ACTION_DATA><ADDRESS><SIZE>1</SIZE></ADDRESS></IPAM_DRIVER_ACTION_DATA>";
    await refusedBy(ipam, { document: () => none }, /does not hold one <AR>/);
  });

  test("is there twice", async () => {
    const twice = ({ document }: Caller) => document.replace(/<AR>.*<\/AR>/, "$&$&");
    await refusedBy(ipam, { document: twice }, /does not hold one <AR>/);
  });

  test("is text", async () => {
    const text = ({ document }: Caller) => document.replace(/<AR>.*<\/AR>/, "<AR>1</AR>");
    await refusedBy(ipam, { document: text }, /does not hold one <AR>/);
  });

  for (const SIZE of ["0", "2", "-1", "08x", "01", "1.0", "1000000000", undefined]) {
    test(`has SIZE ${SIZE}`, async () => {
      const words = [/SIZE/, new RegExp(SIZE ?? "missing"), /add one range for each address/] as const;
      await refusedBy([register], { document: () => ipamDocument({ TYPE: "IP4", SIZE }) }, ...words);
    });
  }

  test("has SIZE 2, or two addresses are asked for", async () => {
    const wider = ipamDocument({ ...range, SIZE: "2" }, { SIZE: "1" });
    await refusedBy([get, allocate], { document: () => wider }, /SIZE 2/, /set SIZE to 1/);
    const two = ipamDocument(range, { SIZE: "2" });
    await refusedBy([get, allocate], { document: () => two }, /2 were asked for/, /set SIZE to 1/);
  });

  test("does not hold the address that is asked for", async () => {
    const other = ipamDocument(range, { IP: "198.51.100.77", SIZE: "1" });
    await refusedBy([get, allocate], { document: () => other }, /198\.51\.100\.77/, /ask for/);
  });

  test("has no address", async () => {
    for (const IP of [undefined, "banana", "2001:db8::1"]) {
      const document = () => ipamDocument({ ...range, IP }, { SIZE: "1" });
      await refusedBy([unregister, get, allocate, free], { document }, /address range has no IP/, /add it again/);
    }
  });

  for (const TYPE of ["IP6", "ETHER", "IP6_STATIC", "IP4_6", "ip4", "banana"]) {
    test(`has TYPE ${TYPE}`, async () => {
      const document = () => ipamDocument({ TYPE, SIZE: "1" });
      await refusedBy([register], { document }, /TYPE/, new RegExp(TYPE), /change TYPE/);
    });
  }

  for (const [what, value] of [
    ["a quote", 'say "hi"'],
    ["an opening bracket", "a[0"],
    ["a closing bracket", "a]0"],
    ["a backslash", "C:\\lan"],
    ["a line break", "one\ntwo"],
    ["a tab", "one\ttwo"],
    ["a line separator", "one\u2028two"],
    ["an escape sequence", "\u001b[31mred"],
  ] as const) {
    test(`has an attribute with ${what}`, async () => {
      for (const name of ["NOTE", "DNS"]) {
        const document = () => ipamDocument({ TYPE: "IP4", SIZE: "1", [name]: value });
        await refusedBy([register], { document }, new RegExp(`attribute ${name}`), /change it/);
      }
    });
  }

  test("has an IPAM_MAD that a template cannot hold", async () => {
    const document = () => ipamDocument({ IPAM_MAD: 'scw"flexip', SIZE: "1" });
    await refusedBy([register], { document }, /attribute IPAM_MAD/, /change it/);
  });

  test("has an attribute with a name that a template cannot hold", async () => {
    const document = () => ipamDocument({ SIZE: "1", "MY-NOTE": "x" });
    await refusedBy([register], { document }, /attribute's name/, /rename it/);
  });

  test("has an attribute twice, or one that is no text", async () => {
    for (const note of ["<NOTE>1</NOTE><NOTE>2</NOTE>", "<NOTE><A>1</A></NOTE>"]) {
      const document = () => ipamDocument({ SIZE: "1" }).replace("</AR>", `${note}</AR>`);
      await refusedBy([register], { document }, /attribute NOTE/, /remove it or give it one value/);
    }
  });

  for (const name of ["GATEWAY", "NETWORK_MASK"]) {
    for (const value of ["banana", "192.0.2.256", "192.0.2.1/24", "2001:db8::1"]) {
      test(`has ${name} ${value}`, async () => {
        const document = () => ipamDocument({ SIZE: "1", [name]: value });
        await refusedBy([register], { document }, new RegExp(`${name} of the address range`), /correct it/);
      });
    }
  }
});

suite("the flexible IP that the address range names", () => {
  const taken = account.add({ projectId: PROJECT, tags: ownershipTags("one", "created", INTENT) });
  const theirs = account.add({ projectId: OTHER_PROJECT, mac: null });
  const hidden = account.add({ projectId: OTHER_PROJECT, visible: false });
  const otherCloud = account.add({ projectId: PROJECT, tags: ownershipTags("two", "created", INTENT) });
  const broken = account.add({ projectId: PROJECT, status: "error" });
  const lockedOne = account.add({ projectId: PROJECT, status: "locked" });
  const prefix = account.add({ projectId: PROJECT, ip: "2001:db8:702:99::/64" });
  const unknown = "44444444-4444-4444-8444-444444444444";

  const cases: [string, Fields, ...RegExp[]][] = [
    ["is of another project, by IP", { IP: theirs.ip_address }, /203\.0\.113\./, /project 2222/, /PROJECT_ID/],
    ["is of another project, by id", { SCW_FLEXIBLE_IP_ID: theirs.id }, /project 2222/, /PROJECT_ID/],
    ["may not be read", { SCW_FLEXIBLE_IP_ID: hidden.id }, new RegExp(hidden.id), /correct or remove/],
    ["is unknown", { SCW_FLEXIBLE_IP_ID: unknown }, new RegExp(unknown), /no flexible IP/, /correct or remove/],
    ["is no UUID", { SCW_FLEXIBLE_IP_ID: "banana" }, /SCW_FLEXIBLE_IP_ID is no UUID/, /copy|remove/],
    ["is another cloud's, by id", { SCW_FLEXIBLE_IP_ID: otherCloud.id }, /cloud two/, /name another one/],
    ["is another cloud's, by IP", { IP: otherCloud.ip_address }, /cloud two/, /name another one/],
    ["is another range's, by id", { SCW_FLEXIBLE_IP_ID: taken.id }, /held by an address range/, /name another one/],
    ["is another range's, by IP", { IP: taken.ip_address }, /held by an address range/, /name another one/],
    ["is in error", { IP: broken.ip_address }, /status error/, /console/],
    ["is locked", { SCW_FLEXIBLE_IP_ID: lockedOne.id }, /status locked/, /console/],
    ["is no IPv4", { SCW_FLEXIBLE_IP_ID: prefix.id }, /no IPv4/, /name another one/],
    ["is no IPv6", { TYPE: "IP4_6_STATIC", SCW_FLEXIBLE_IP6_ID: broken.id }, /no IPv6/, /name another one/],
    ["is no UUID, for IPv6", { TYPE: "IP4_6_STATIC", SCW_FLEXIBLE_IP6_ID: "x" }, /SCW_FLEXIBLE_IP6_ID is no UUID/],
  ];
  for (const [what, fields, ...words] of cases) {
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
 * Exit code 1, no answer, one line for the user, which matches all of `words` and tells what to do. `clean` says that line
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

/** A lease is freed whatever the settings are: a stuck one cannot be undone. The log tells what is wrong. */
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
