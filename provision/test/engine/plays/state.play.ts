// make state: the bucket is made, and the very lines that are printed log the operator in to it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { withoutEngine } from "../operator.ts";
import { textOf } from "../stand-in/record.ts";
import { changesSince, ORGANIZATION, startWorld, type World } from "../world.ts";

const BUCKET = "acme-state-11111111";
const skip = withoutEngine();

test("where the state lies", { skip }, async (play) => {
  let world: World;
  let printed = "";
  before(async () => {
    world = await startWorld();
    // The state is elsewhere once it has a bucket, and so no play may say where.
    delete world.operator.environment.PULUMI_BACKEND_URL;
  });
  after(() => world.end());

  await play.test("make state makes both projects and a versioned bucket", async () => {
    const { code, stdout, stderr } = await world.operator.make("state", `ORGANIZATION=${ORGANIZATION}`, "PREFIX=acme");
    assert.equal(code, 0, stdout + stderr);
    printed = stdout;
    const projects = world.scaleway.store.list("projects").map((project) => textOf(project, "name"));
    assert.ok(projects.includes("acme") && projects.includes("acme-state"), projects.join());
    const bucket = world.storage.buckets.get(BUCKET);
    assert.equal(bucket?.projectId, textOf(world.scaleway.store.list("projects", { name: "acme-state" })[0], "id"));
    assert.match(bucket?.settings.get("versioning") ?? "", /<Status>Enabled<\/Status>/);
    assert.match(bucket?.settings.get("lifecycle") ?? "", /<NoncurrentDays>90<\/NoncurrentDays>/);
  });

  await play.test("make state again changes nothing", async () => {
    const mark = world.scaleway.calls.length;
    const { code, stdout, stderr } = await world.operator.make("state", `ORGANIZATION=${ORGANIZATION}`, "PREFIX=acme");
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(changesSince(world, mark), []);
  });

  await play.test("the operator's plain key is refused by the bucket", async () => {
    const url = /pulumi login '([^']+)'/.exec(printed)?.[1] ?? "";
    const plain = `export AWS_ACCESS_KEY_ID="$SCW_ACCESS_KEY" AWS_SECRET_ACCESS_KEY="$SCW_SECRET_KEY"`;
    const use = `pulumi login '${url}' && pulumi stack select --create refused`;
    await assert.rejects(world.operator.run("bash", ["-c", `${plain}\n${use}`]), /AccessDenied|Forbidden|403/);
  });

  await play.test("the printed lines log in, make the stack and name the project", async () => {
    const lines = printed
      .slice(printed.indexOf("now run"))
      .split("\n")
      .filter((line) => line.startsWith("  "));
    assert.ok(lines.length >= 4, printed);
    const script = lines
      .join("\n")
      .replace("<name>", "play")
      .replace(/<what [^>]*>/, "age1invented");
    await world.operator.run("bash", ["-eu", "-c", script]);
    const keys = [...(world.storage.buckets.get(BUCKET)?.objects.keys() ?? [])];
    assert.ok(
      keys.some((key) => key.endsWith("stacks/hosted-cloud/play.json")),
      keys.join(),
    );
    const project = textOf(world.scaleway.store.list("projects", { name: "acme" })[0], "id");
    const read = `${lines[0]}\npulumi config get projectId`;
    assert.equal((await world.operator.run("bash", ["-eu", "-c", read])).trim(), project);
  });
});
