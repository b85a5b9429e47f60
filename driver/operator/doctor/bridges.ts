// The bridges that the networks of our ranges use on a host.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Operator } from "../operator.ts";
import { type Finding, failure, ok } from "./finding.ts";

const READ = '# then "The bridge" in docs/install.md';

/** Each bridge must exist, be up, and hold an interface that is no guest's. */
export function checkBridges({ layout }: Operator, bridges: readonly string[]): Finding[] {
  const net = layout.at("/sys/class/net");
  return bridges.map((bridge) => {
    const at = (...path: string[]): string => join(net, bridge, ...path);
    const failed = (why: string, cure: string): Finding => failure("bridge", why, cure, bridge);
    if (!existsSync(at())) return failed(`there is no bridge ${bridge}`, `ip -br link  ${READ}`);
    if (!existsSync(at("bridge"))) return failed(`${bridge} is no bridge`, `ip -d link show ${bridge}  ${READ}`);
    // Without a guest on it, a bridge says either up or unknown.
    if (readFileSync(at("operstate"), "utf8").trim() === "down") {
      return failed(`${bridge} is down`, `ip link set ${bridge} up`);
    }
    // A guest's interface is a tap: only taps have tun_flags.
    const outward = readdirSync(at("brif")).filter((port) => !existsSync(join(net, port, "tun_flags")));
    if (outward.length > 0) {
      return ok("bridge", `${bridge} is up, and reaches outside by ${outward.join(", ")}`, bridge);
    }
    return failed(`${bridge} has no interface that leads outside: guests reach nobody`, `bridge link  ${READ}`);
  });
}
