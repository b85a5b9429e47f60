// The program behind the Pulumi resource: a request as JSON on standard input → the host's network is as it says.
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import * as z from "zod";
import { runOperation, say, sshOf } from "../operations/operation.ts";
import { changeHostNetwork } from "./change.ts";

const vlan = z.object({ vlan: z.int().min(1).max(4_094), address: z.cidrv4() });
const requestSchema = z.object({
  name: z.string(),
  host: z.string(),
  user: z.string(),
  zone: z.string(),
  layout: z.object({ hosttohost: vlan, vmtovm: vlan }),
});

await runOperation(async () => {
  const request = requestSchema.parse(JSON.parse(await text(process.stdin)));
  await changeHostNetwork(request, {
    ssh: sshOf(process.env),
    script: readFileSync(new URL("host-network.sh", import.meta.url), "utf8"),
    say: (line) => say(`${request.name}: ${line}`),
    reachableWithinMs: 45 * 60_000,
    restoreAfterMs: 180_000,
  });
});
