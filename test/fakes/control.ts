// What the real API does not have: below /_simulator another process looks at the simulator and changes it, without a
// token, in an outage too, and in no log of requests. With curl over the Unix socket, from any network namespace:
//
//   curl --unix-socket FILE http://simulator/_simulator                       what there is: behaviour, requests, …
//   curl --unix-socket FILE -X PATCH -d '{"api":"cut"}' http://simulator/_simulator           behave otherwise
//   curl --unix-socket FILE -X POST -d '{"ip":"203.0.113.7"}' http://simulator/_simulator/flexible-ips       add one
//   curl --unix-socket FILE -X PATCH -d '{"status":"error"}' http://simulator/_simulator/flexible-ips/ID  change one
//   curl --unix-socket FILE -X DELETE http://simulator/_simulator/requests                      forget the requests
import { z } from "zod";
import { behaviourSchema } from "./behaviour.ts";
import type { LoggedRequest } from "./exchange.ts";
import type { Answer } from "./flexible-ip-routes.ts";
import type { FlexibleIps } from "./flexible-ips.ts";
import { flexibleIpSeed } from "./seeds.ts";

const ROOT = "/_simulator";
const flexibleIpChange = flexibleIpSeed.omit({ id: true, ip: true });

/** Whether this is asked of the simulator rather than of the API. */
export function isControl({ path }: LoggedRequest): boolean {
  return path === ROOT || path.startsWith(`${ROOT}/`);
}

/** Does what another process asks of the simulator; what cannot be done is a 400 that says why. */
export function answerControl(account: FlexibleIps, requests: LoggedRequest[], request: LoggedRequest): Answer {
  try {
    return { status: 200, body: perform(account, requests, request) };
  } catch (error) {
    const message = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    return { status: 400, body: { type: "simulator_control", message } };
  }
}

function perform(account: FlexibleIps, requests: LoggedRequest[], { method, path, body }: LoggedRequest): unknown {
  const id = /^\/_simulator\/flexible-ips\/([^/]+)$/.exec(path)?.[1];
  if (method === "PATCH" && id !== undefined) return account.set(id, flexibleIpChange.parse(body));
  switch (`${method} ${path.slice(ROOT.length)}`) {
    case "GET ":
      return { behaviour: account.behaviour, flexible_ips: account.all(), requests };
    case "PATCH ":
      account.behave(behaviourSchema.parse({ ...account.behaviour, ...z.looseObject({}).parse(body) }));
      return account.behaviour;
    case "POST /flexible-ips":
      return account.add(flexibleIpSeed.parse(body));
    case "DELETE /requests":
      return requests.splice(0);
    default:
      throw new Error(`the simulator has no ${method} ${path}`);
  }
}
