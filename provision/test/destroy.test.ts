// make destroy: a whole cloud, half a cloud, a dead front-end. A recorder plays Pulumi, a small server plays Scaleway.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, describe, test } from "node:test";
import { openWorkplace, type Workplace } from "./rig/workplace.ts";

const SERVER = "scaleway:elasticmetal/server:Server";
const NETWORK = "scaleway:network/privateNetwork:PrivateNetwork";
const FRONTEND = resource(SERVER, "fe", "fr-par-2/0000000a", { ipv4s: [{ address: "192.0.2.10" }] });
const WORKER = resource(SERVER, "host01", "fr-par-2/0000000b", {});
const VMTOVM = resource(NETWORK, "vmtovm", "fr-par/0000000c", {});
const EMPTY = "#!/bin/sh\nexit 0\n";
// ssh fails with 255 where the host is not reached.
const DEAD = "#!/bin/sh\necho 'connect to host 192.0.2.10 port 22: Connection timed out' >&2\nexit 255\n";

describe("make destroy", () => {
  let place: Workplace;
  const changes: string[] = [];
  const gone = new Set<string>();
  const locked = new Set<string>();
  let lost = 0;
  const api = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const id = request.url?.split("/").at(-1) ?? "";
      changes.push(`${request.method} ${request.url} ${Buffer.concat(chunks).toString()}`);
      if (changes.length <= lost) return void response.destroy();
      const status = gone.has(id) ? 404 : locked.has(id) ? 403 : 200;
      response.writeHead(status, { "content-type": "application/json" }).end('{"message": "not today"}');
    });
  });
  before(async () => {
    await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
    place = openWorkplace("pulumi", "ssh");
    place.answer("pulumi config --json", "{}");
  });
  beforeEach(() => {
    place.calls();
    changes.length = 0;
    gone.clear();
    locked.clear();
    lost = 0;
    // Without OpenNebula's commands nothing is in use.
    frontendAnswers("#!/bin/sh\nexit 1\n");
    place.answer("pulumi destroy", EMPTY);
    hold(FRONTEND, WORKER, VMTOVM);
  });
  after(() => {
    place.remove();
    api.close();
  });

  const hold = (...resources: readonly object[]) =>
    place.answer("pulumi stack export", JSON.stringify({ deployment: { resources } }));
  const frontendAnswers = (program: string) => place.answer("ssh", program);
  const destroy = (environment: Readonly<Record<string, string>> = {}, stdin = "") =>
    place.make(["destroy"], {
      stdin,
      environment: {
        SCW_ACCESS_KEY: "SCWEXAMPLEEXAMPLE000",
        SCW_SECRET_KEY: "5ec4e7a1-0000-4000-8000-000000000000",
        SCW_API_URL: `http://127.0.0.1:${portOf(api.address())}`,
        ...environment,
      },
    });
  const asked = () => place.calls().filter((call) => call.startsWith("pulumi ") && !/export|config --json/.test(call));
  const protection = (id: string, value: boolean) =>
    `PATCH /baremetal/v1/zones/fr-par-2/servers/${id} {"protected":${value}}`;

  test("lifts the protection, then leaves the second question to Pulumi; nothing is ordered, no setting changes", async () => {
    const { status, stderr } = await destroy({}, "prod\n");
    assert.equal(status, 0, stderr);
    assert.match(stderr, /3 resources of stack prod will be deleted, with the data on fe, host01\n/);
    assert.deepEqual(changes, [protection("0000000a", false), protection("0000000b", false)]);
    assert.deepEqual(asked(), ["pulumi state unprotect --all --yes", "pulumi destroy"]);
  });

  test("goes no further when the stack's name is not typed", async () => {
    for (const typed of ["", "dev\n"]) {
      const { status, stderr } = await destroy({}, typed);
      assert.equal(status, 2);
      assert.match(stderr, /nothing was destroyed: that is not the name of the stack\n/);
    }
    assert.deepEqual([asked(), changes], [[], []]);
  });

  test("takes down half a cloud: no outputs, no front-end, a server that is gone already", async () => {
    gone.add("0000000b");
    hold(WORKER, VMTOVM);
    const { status, stderr } = await destroy({ CONFIRM: "prod" });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^there is no front-end to ask what is still in use\n/);
    assert.deepEqual(asked().at(-1), "pulumi destroy");
  });

  test("asks once more where a connection was lost, and not where the API refused", async () => {
    lost = 1;
    const { status, stderr } = await destroy({ CONFIRM: "prod" });
    assert.equal(status, 0, stderr);
    assert.deepEqual(
      changes,
      ["0000000a", "0000000a", "0000000b"].map((id) => protection(id, false)),
    );
    changes.length = 0;
    lost = 0;
    locked.add("0000000a");
    const refused = await destroy({ CONFIRM: "prod" });
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /answered 403: not today/);
    assert.equal(changes.filter((line) => line === protection("0000000a", false)).length, 1);
  });

  test("has nothing to do for a stack that holds nothing", async () => {
    hold();
    const { status, stderr } = await destroy();
    assert.deepEqual([status, stderr], [0, "the stack holds nothing\n"]);
    assert.deepEqual(asked(), []);
  });

  test("does not pass over a front-end that does not answer, unless told that it is dead", async () => {
    frontendAnswers(DEAD);
    const refused = await destroy({ CONFIRM: "prod" });
    assert.equal(refused.status, 2);
    assert.match(
      refused.stderr,
      /Connection timed out; nothing was destroyed\. .*flexible IPs tagged .* make destroy FORCE=1\n/,
    );
    assert.deepEqual([asked(), changes], [[], []]);
    const forced = await destroy({ CONFIRM: "prod", FORCE: "1" });
    assert.equal(forced.status, 0, forced.stderr);
    assert.match(forced.stderr, /Connection timed out; going on without it\n/);
    assert.equal(asked().at(-1), "pulumi destroy");
  });

  test("declined or failed half-way: what is left is protected again", async () => {
    // The worker goes, then it ends.
    place.answer("left", JSON.stringify({ deployment: { resources: [FRONTEND, VMTOVM] } }));
    place.answer("pulumi destroy", '#!/bin/sh\ncd "$RIG/answers" && cp left "pulumi stack export"\nexit 1\n');
    const { status, stderr } = await destroy({ CONFIRM: "prod" });
    assert.equal(status, 2);
    assert.match(stderr, /not everything was destroyed; run: make destroy\nwhat is left is protected again\n/);
    assert.deepEqual(changes.at(-1), protection("0000000a", true));
    assert.equal(changes.filter((line) => line.includes("true")).length, 1);
    assert.deepEqual(asked().at(-1), `pulumi state protect ${FRONTEND.urn} ${VMTOVM.urn} --yes`);
  });
});

function resource(type: string, name: string, id: string, outputs: object) {
  const urn = `urn:pulumi:prod::hosted-cloud::hosted-cloud:index:X$${type}::${name}`;
  return { urn, type, id, custom: true, protect: true, outputs };
}

function portOf(address: AddressInfo | string | null): number {
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}
