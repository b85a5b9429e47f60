// What can be wrong with the way to the API: the name, the port, the protocol. A wrong certificate is in
// test/shims.test.ts, a connection that dies or is closed in test/scaleway/http.test.ts.
import { type Kind, throughout } from "./kind.ts";
import type { Path } from "./path.ts";
import type { Expectation } from "./play.ts";
import { SHORT, type TestCloud } from "./test-cloud.ts";

const LEASES: readonly string[] = ["get_address", "allocate_address", "free_address"];
const NOBODY = "http://127.0.0.1:1";

export const NETWORK_FAULTS: readonly Kind[] = [
  away("connection refused", "nobody listens on the port", () => NOBODY),
  away("name that DNS does not know", "API_URL of the domain invalid", () => "https://nonexistent.invalid"),
  away("HTTP where HTTPS is asked for", "https to the simulator's own port", ({ rig }) =>
    rig.simulator.url.replace("http:", "https:"),
  ),
  throughout(
    "only IPv4 listens, API_URL says localhost",
    "localhost may be ::1 first",
    ({ rig }) => ({ how: { settings: { API_URL: rig.simulator.url.replace("127.0.0.1", "localhost") } } }),
    { family: "api" },
  ),
  throughout(
    "a proxy in the environment",
    "HTTP_PROXY and its like name a port where nobody listens",
    () => ({ how: { env: { HTTP_PROXY: NOBODY, HTTPS_PROXY: NOBODY, http_proxy: NOBODY } } }),
    { family: "api" },
  ),
];

function away(name: string, how: string, url: (cloud: TestCloud) => string): Kind {
  const inject = (cloud: TestCloud) => ({ how: { settings: { ...SHORT, API_URL: url(cloud) } } });
  return throughout(name, how, inject, { family: "api", expected: unreachable });
}

function unreachable({ action }: Path): Expectation {
  // A clean that has nothing to do is done, though it cannot know.
  if (action === "clean") return { outcomes: ["later", "done"] };
  // A lease begins and ends without the API: pre looks before a guest boots.
  return { outcomes: [LEASES.includes(action) ? "done" : "refused"] };
}
