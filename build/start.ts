// The first code of the executable: runs the bundle of the actions with the functions that V8 compiled at the build, or
// the whole one for an operator. A cache that V8 does not take costs time and nothing else.
import { getRawAsset } from "node:sea";
import { Script } from "node:vm";
import { HOOKS, IPAM_ACTIONS } from "../driver/actions.ts";

const asset = (name: string): Buffer => Buffer.from(getRawAsset(name));
const isAction = [...IPAM_ACTIONS, ...HOOKS].some((name) => name === process.argv[2]);

// Both are plain ASCII, which needs no decoding.
const script = isAction
  ? new Script(asset("actions").toString("latin1"), { filename: "actions.cjs", cachedData: asset("cache") })
  : new Script(asset("whole").toString("latin1"), { filename: "scw-flexip.cjs" });
script.runInThisContext()(require, process);
