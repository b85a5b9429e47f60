// make destroy, first step: refuses while virtual machines run or ranges of the driver exist.
import { text } from "node:stream/consumers";
import { findObstacles } from "./destroy-guard.ts";
import { runOperation, say, sshOf } from "./operation.ts";
import { parseHosts } from "./outputs.ts";

await runOperation(async () => {
  const { sshUser, hosts } = parseHosts(await text(process.stdin));
  const [frontend] = hosts;
  if (frontend === undefined) return say("the stack has no servers");
  say("asking the front-end what is still there");
  const obstacles = await findObstacles(sshOf(process.env), {
    name: frontend.name,
    host: frontend.publicIp,
    user: sshUser,
  });
  if (obstacles.length > 0)
    throw new Error(["nothing was destroyed:", ...obstacles.map((line) => `  ${line}`)].join("\n"));
});
