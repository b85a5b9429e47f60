// make specifics: the stack's outputs on standard input → the driver on every host, and the public network.
import { fileURLToPath } from "node:url";
import { installSpecifics } from "../specifics/install.ts";
import { operatorSsh, runOperation, say } from "./operation.ts";
import { readOutputs, specificsOutputs } from "./outputs.ts";

await runOperation(async () => {
  const plan = await readOutputs(specificsOutputs);
  const tree = fileURLToPath(new URL("../../remotes", import.meta.url));
  const changes = await installSpecifics(plan, { ssh: operatorSsh(), tree, say });
  say(changes === 0 ? "nothing to change" : `${changes} changes made; the next step is: make validation`);
});
