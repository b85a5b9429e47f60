// Runs the bundle once through its common ways, against an API of a few lines, and keeps what V8 compiled meanwhile.
// Run by the Node that will run the executable, since V8 takes no cache of another build.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { Script } from "node:vm";

const [bundle = "", cache = ""] = process.argv.slice(2);
const ID = "f1e81b1e-0000-4000-8000-000000000001";
const SERVER = "33333333-3333-4333-8333-000000000001";
const PROJECT = "11111111-1111-4111-8111-111111111111";
const ADDRESS = "203.0.113.1";
const MAC = "52:54:00:00:00:01";

const RANGE = `<AR><IP>${ADDRESS}</IP><MAC>${MAC}</MAC><SCW_FLEXIBLE_IP_ID>${ID}</SCW_FLEXIBLE_IP_ID><SIZE>1</SIZE><TYPE>IP4</TYPE></AR>`;
const REQUEST = `<IPAM_DRIVER_ACTION_DATA>${RANGE}<ADDRESS><IP>${ADDRESS}</IP><SIZE>1</SIZE></ADDRESS></IPAM_DRIVER_ACTION_DATA>`;
const vm = (nic: string): string =>
  `<VM><ID>1</ID><DEPLOY_ID/><TEMPLATE><CONTEXT><A><![CDATA[b]]></A></CONTEXT></TEMPLATE><TEMPLATE><NIC><NIC_ID>0</NIC_ID>${nic}</NIC></TEMPLATE></VM>`;
const PUBLIC = vm(`<IP>${ADDRESS}</IP><MAC>${MAC}</MAC><SCW_FLEXIBLE_IP_ID>${ID}</SCW_FLEXIBLE_IP_ID>`);
const PRIVATE = vm("<IP><![CDATA[192.0.2.1]]></IP>");

// Each on the server that it needs the flexible IP to be on.
const PLAYS: readonly [action: string, input: string, serverId: string | null][] = [
  ["pre", PRIVATE, null],
  ["get_address", REQUEST, null],
  ["allocate_address", REQUEST, null],
  ["pre", PUBLIC, null],
  ["pre", PUBLIC, SERVER],
  ["post", PUBLIC, SERVER],
  ["clean", PUBLIC, SERVER],
  ["free_address", REQUEST, SERVER],
  ["free_address", REQUEST, null],
];

const folder = mkdtempSync(join(tmpdir(), "scw-flexip-warm-"));
// Each play puts its own on the one process that they share.
process.setMaxListeners(0);
const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content, { mode: 0o600 });
  return join(folder, name);
};
let serverId: string | null = null;
const api = createServer((request, response) => {
  if (request.method === "POST") serverId = request.url?.endsWith("/attach") === true ? SERVER : null;
  const isOne = request.method === "GET" && request.url?.includes("?") === false;
  answer(response, isOne ? flexibleIp() : { flexible_ips: [flexibleIp()], total_count: 1 });
}).listen(0, "127.0.0.1", () => void warm());

async function warm(): Promise<void> {
  const script = new Script(readFileSync(bundle, "latin1"), { filename: "actions.cjs" });
  const { port } = api.address() as AddressInfo;
  const settings = {
    SCW_FLEXIP_CONF: file("conf", `ZONE="fr-par-2"\nPROJECT_ID="${PROJECT}"\n# a comment\nLOG_LEVEL="info"\n`),
    SCW_FLEXIP_API_URL: `http://127.0.0.1:${port}`,
    SCW_FLEXIP_TOKEN_FILE: file("token", "token\n"),
    SCW_FLEXIP_SERVER_ID_FILE: file("server-id", `fr-par-2/${SERVER}\n`),
    SCW_FLEXIP_STATE_FILE: join(folder, "state/state.json"),
    SCW_FLEXIP_LOG_DIR: join(folder, "log"),
  };
  for (const [action, input, at] of PLAYS) {
    serverId = at;
    const code = await play(script, action, input, settings);
    if (code !== 0) throw new Error(`${action} ends with ${code} while the code cache is made`);
  }
  writeFileSync(cache, script.createCachedData());
  rmSync(folder, { recursive: true });
  process.exit();
}

/** Runs the bundle as one process would be: with arguments, standard input and an end of its own. */
function play(script: Script, action: string, input: string, env: Record<string, string>): Promise<number> {
  return new Promise((resolve) => {
    const stage = Object.create(process, {
      argv: { value: ["", "", action, "1"] },
      env: { value: env },
      stdin: { value: Readable.from([Buffer.from(Buffer.from(input).toString("base64"))]) },
      exit: { value: (code = 0) => resolve(code) },
    });
    script.runInThisContext()(createRequire(import.meta.url), stage);
  });
}

function flexibleIp(): unknown {
  return {
    id: ID,
    ip_address: `${ADDRESS}/32`,
    mac_address: { mac_address: MAC },
    server_id: serverId,
    status: serverId === null ? "ready" : "attached",
    project_id: PROJECT,
    description: "",
    tags: ["scw-flexip", "scw-flexip:cloud=one", "scw-flexip:created"],
    updated_at: "2026-01-01T00:00:00Z",
  };
}

function answer(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { "content-type": "application/json", "x-request-id": ID });
  response.end(JSON.stringify(body));
}
