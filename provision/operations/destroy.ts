// make destroy: deletes what the state holds, a whole cloud or half of one. Nothing is ordered, and no setting is changed.
import { createInterface } from "node:readline";
import { ApiRefusal, type Scaleway, scalewayOf } from "../remote/scaleway.ts";
import { SshError } from "../remote/ssh.ts";
import { FRONTEND } from "../settings-schema.ts";
import { findObstacles } from "./obstacles.ts";
import { operatorSsh, runOperation, say } from "./operation.ts";
import { nameOf, parseStack, pulumi, pulumiHere, type Resource, type Stack, serversOf } from "./stack.ts";

await runOperation(async () => {
  const stack = parseStack(pulumi("stack", "export"));
  for (const name of stack.interrupted)
    say(`the order of ${name} was interrupted; look in the console whether it exists`);
  const [first] = stack.resources;
  if (first === undefined) return say("the stack holds nothing");
  const api = scalewayOf(process.env);
  await refuseWhileInUse(stack);
  await askFor(first.urn.split(":")[2] ?? "", stack);
  const guarded = serversOf(stack).filter(({ protect }) => protect);
  try {
    say("lifting the protection");
    await setProtection(api, serversOf(stack), false);
    pulumi("state", "unprotect", "--all", "--yes");
    if (await pulumiHere("destroy")) return;
    throw new Error("not everything was destroyed; run: make destroy");
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    await protectAgain(api, stack, guarded);
    throw new Error("what is left is protected again");
  }
});

/** The front-end knows what is in use. Only FORCE=1 goes on without a front-end that does not answer. */
async function refuseWhileInUse(stack: Stack): Promise<void> {
  const frontend = serversOf(stack).find(({ urn }) => nameOf(urn) === FRONTEND);
  const host = frontend?.outputs?.ipv4s?.[0]?.address;
  if (host === undefined) return say("there is no front-end to ask what is still in use");
  say("asking the front-end what is still there");
  const obstacles = await findObstacles(operatorSsh(), { name: FRONTEND, host, user: loginName() }).catch(
    (error: unknown) => {
      if (!(error instanceof SshError && error.isConnection)) throw error;
      if (process.env.FORCE === "1") return say(`${error.message}; going on without it`) ?? [];
      const look = "look in the console for flexible IPs tagged scw-flexip:cloud=…, which stay paid for";
      throw new Error(
        `${error.message}; nothing was destroyed. If it is gone for good, ${look}, then run: make destroy FORCE=1`,
      );
    },
  );
  if (obstacles.length > 0)
    throw new Error(["nothing was destroyed:", ...obstacles.map((line) => `  ${line}`)].join("\n"));
}

/** From the settings, because the outputs may be missing after half an order. */
function loginName(): string {
  const { "hosted-cloud:sshUser": user } = JSON.parse(pulumi("config", "--json"));
  return user?.value ?? "ubuntu";
}

/** The first question; pulumi destroy asks the second. */
async function askFor(name: string, stack: Stack): Promise<void> {
  const servers = serversOf(stack).map(({ urn }) => nameOf(urn));
  say(
    `${stack.resources.length} resources of stack ${name} will be deleted, with the data on ${servers.join(", ") || "no server"}`,
  );
  if ((process.env.CONFIRM || (await typed())) !== name)
    throw new Error("nothing was destroyed: that is not the name of the stack");
}

async function typed(): Promise<string> {
  process.stderr.write("type the name of the stack to go on: ");
  // Leaving the loop closes the interface; the next question is Pulumi's.
  for await (const line of createInterface({ input: process.stdin })) return line.trim();
  return "";
}

/** A server that is gone already needs no protection. */
async function setProtection(api: Scaleway, servers: readonly Resource[], isProtected: boolean): Promise<void> {
  for (const { id } of servers) {
    const [zone, uuid] = id.split("/");
    try {
      await api.patch(`/baremetal/v1/zones/${zone}/servers/${uuid}`, { protected: isProtected });
    } catch (error) {
      if (!(error instanceof ApiRefusal && error.status === 404)) throw error;
    }
  }
}

async function protectAgain(api: Scaleway, before: Stack, servers: readonly Resource[]): Promise<void> {
  const left = new Set(parseStack(pulumi("stack", "export")).resources.map(({ urn }) => urn));
  const urns = before.resources.filter(({ urn, protect }) => protect && left.has(urn)).map(({ urn }) => urn);
  if (urns.length > 0) pulumi("state", "protect", ...urns, "--yes");
  await setProtection(
    api,
    servers.filter(({ urn }) => left.has(urn)),
    true,
  );
}
