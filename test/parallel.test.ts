// Many actions at once on one front-end: oned runs them one at a time, but a call it has given up on runs on beside the
// next ones.
import assert from "node:assert/strict";
import { test } from "node:test";
import { wholeJournal } from "./cloud/journal.ts";
import { ipamDocument, rangeOf, readTemplate } from "./documents.ts";
import { type IpamAction, Rig } from "./rig.ts";

const COUNT = 12;
const NEW_RANGE = ipamDocument({ IPAM_MAD: "scw-flexip", TYPE: "IP4", SIZE: "1" });

test(`${COUNT} at once of each action, on one journal`, async (t) => {
  const rig = await Rig.start();
  t.after(() => rig.stop());
  const { account } = rig.simulator;
  const intentsNow = () => wholeJournal(rig.frontEnd.stateFile).intents;
  const atOnce = async (action: IpamAction, documents: readonly string[]): Promise<string[]> => {
    const runs = await Promise.all(documents.map((document) => rig.ipam(action, document)));
    for (const run of runs) assert.deepEqual([run.code, run.plain], [0, []], run.stderr);
    // A lease is not noted where others keep the journal locked for a second: the note is a convenience.
    for (const run of runs) assert.doesNotMatch(run.stderr, /^WARN: (?!state file .* cannot be locked)/m);
    return runs.map(({ stdout }) => stdout);
  };

  const answers = await atOnce("register_address_range", Array(COUNT).fill(NEW_RANGE));
  const ranges = answers.map((answer) => rangeOf(readTemplate(answer, "AR")));
  const addresses = ranges.map(({ IP }) => IP).sort();
  assert.equal(new Set(addresses).size, COUNT);
  assert.equal(new Set(ranges.map(({ MAC }) => MAC)).size, COUNT);
  const made = account.all();
  assert.deepEqual(made.map(({ ip_address }) => ip_address).sort(), addresses);
  assert.equal(new Set(made.map(({ tags }) => tags.find((tag) => tag.includes(":intent=")))).size, COUNT);
  assert.deepEqual(intentsNow(), {});

  const gets = ranges.map((range) => ipamDocument(range, { SIZE: "1" }));
  const leases = await atOnce("get_address", gets);
  assert.deepEqual(leases.map((lease) => readTemplate(lease, "ADDRESS").get("IP")).sort(), addresses);

  const frees = ranges.map((range) => ipamDocument(range, { IP: range.IP, SIZE: "1" }));
  await atOnce("free_address", frees);
  assert.deepEqual(intentsNow(), {});
  assert.equal(account.all().length, COUNT);

  const removals = ranges.map((range) => ipamDocument(range));
  await atOnce("unregister_address_range", removals);
  assert.deepEqual(account.all(), []);
  assert.deepEqual(intentsNow(), {});
});
