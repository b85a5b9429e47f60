// What an action or a hook changes at Scaleway is one audit line in its log and in the system's, with what was before and
// after and the API's request.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ipamDocument, rangeOf, readTemplate, vmDocument } from "./documents.ts";
import { Rig } from "./rig.ts";

test("the life of an address is one audit line a change", async (t) => {
  const rig = await Rig.start();
  t.after(() => rig.stop());
  const syslog = join(rig.folder, "syslog");
  mkdirSync(join(rig.folder, "bin"), { recursive: true });
  const logger = `#!/bin/sh\nwhile read -r line; do echo "$* $line"; done >> ${syslog}\n`;
  writeFileSync(join(rig.folder, "bin/logger"), logger, { mode: 0o755 });
  const created = await rig.ipam("register_address_range", ipamDocument({ IPAM_MAD: "scw-flexip", SIZE: "1" }));
  assert.equal(created.code, 0, created.stderr);
  const range = rangeOf(readTemplate(created.stdout, "AR"));
  const vm = vmDocument([{ NIC_ID: "0", ...range }]);
  const { serverId } = rig.host("alpha");
  for (const hook of ["pre", "post", "clean"] as const) {
    const run = await rig.hook("alpha", hook, vm);
    assert.equal(run.code, 0, run.stderr);
  }
  const removed = await rig.ipam("unregister_address_range", ipamDocument(range));
  assert.equal(removed.code, 0, removed.stderr);

  const entries = rig
    .logs()
    .trim()
    .split("\n")
    .map((line): Record<string, unknown> => JSON.parse(line));
  entries.sort((one, other) => String(one.time).localeCompare(String(other.time)));
  const audited = entries.filter(({ audit }) => audit === true);
  assert.deepEqual(
    audited.map(({ action, what, before, after }) => [action, what, before, after]),
    [
      ["register_address_range", "create", null, range.IP],
      ["register_address_range", "make MAC", null, range.MAC],
      ["pre", "attach", null, serverId],
      ["clean", "detach", serverId, null],
      ["unregister_address_range", "delete", range.IP, null],
    ],
  );
  const changing = entries.filter(({ message }) => /^call (?!GET)/.test(String(message)));
  const requests = new Set(changing.map(({ request_id }) => request_id));
  for (const { action, vm: of, request, request_id, address, flexible_ip_id } of audited) {
    assert.deepEqual([address, flexible_ip_id], [range.IP, range.SCW_FLEXIBLE_IP_ID]);
    assert.ok(action === "pre" || action === "clean" ? of !== undefined : request !== undefined, `who: ${action}`);
    assert.ok(typeof request_id === "string" && requests.delete(request_id), `request of ${action}`);
  }

  // The driver does not wait for logger.
  await rig.until(() => existsSync(syslog) && readFileSync(syslog, "utf8").split("\n").length > audited.length);
  const said = readFileSync(syslog, "utf8");
  for (const { action, what, request_id } of audited) {
    const line = `^-t scw-flexip -p authpriv\\.notice .*action=${action} .*what=${what} .*request_id=${request_id}\\)$`;
    assert.match(said, new RegExp(line, "m"));
  }
});
