// oned's XML-RPC, as far as looking needs it: a command of OpenNebula starts a Ruby for every look.
import { Element } from "./document.ts";

/** The document of one object: what `onevm show -x` prints, for one. Throws with oned's own words. */
export async function look(url: string, method: string, id: number): Promise<Element> {
  return Element.parse(await call(url, method, [`<i4>${id}</i4>`, "<boolean>0</boolean>"]));
}

export type RaftState = "solo" | "candidate" | "follower" | "leader";
const RAFT_STATES: readonly RaftState[] = ["solo", "candidate", "follower", "leader"];

/** What the oned there thinks that it is; undefined where none answers. */
export async function raftStatus(url: string): Promise<{ state: RaftState; index: number } | undefined> {
  try {
    const raft = Element.parse(await call(url, "one.zone.raftstatus", []));
    return { state: RAFT_STATES[Number(raft.text("STATE"))] ?? "solo", index: Number(raft.text("LOG_INDEX")) };
  } catch {
    return undefined;
  }
}

/** Whether an oned listens there, led or not: its drivers run. */
export async function listens(url: string): Promise<boolean> {
  try {
    await fetch(url, { signal: AbortSignal.timeout(5_000) });
    return true;
  } catch {
    return false;
  }
}

/** Whether oned answers there, and is done with its own start. */
export async function answers(url: string): Promise<boolean> {
  try {
    await call(url, "one.system.version", []);
    return true;
  } catch {
    return false;
  }
}

async function call(url: string, method: string, values: readonly string[]): Promise<string> {
  const params = ["<string>oneadmin:oneadmin</string>", ...values]
    .map((value) => `<param><value>${value}</value></param>`)
    .join("");
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "text/xml" },
    signal: AbortSignal.timeout(30_000),
    body: `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${params}</params></methodCall>`,
  });
  const [isDone, value] = Element.parse(await response.text()).all("params/param/value/array/data/value");
  const text = value?.text("string") ?? "";
  if (isDone?.text("boolean") !== "1") throw new Error(`${method}: ${text}`);
  return text;
}
