// make specifics: the stack's outputs on standard input → the driver on every host, and the public network.
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { installSpecifics } from "../specifics/install.ts";
import { parsePlan } from "../specifics/plan.ts";
import { runOperation, say, sshOf } from "./operation.ts";

await runOperation(async () => {
  const plan = parsePlan(await text(process.stdin));
  const tree = fileURLToPath(new URL("../../remotes", import.meta.url));
  const changes = await installSpecifics(plan, { ssh: sshOf(process.env), tree, say });
  say(changes === 0 ? "nothing to change" : `${changes} changes made; the next step is: make validation`);
});
