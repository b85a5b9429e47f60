// Brings the simulated API to other network namespaces: from a port there to a socket in the file system, and from that to
// the API. Started there as: node forward.ts PORT SOCKET
import { connect, createServer, type ListenOptions, type NetConnectOpts, type Server } from "node:net";

/** Passes on every connection. */
export function forward(from: ListenOptions, to: NetConnectOpts): Server {
  const server = createServer((near) => {
    const far = connect(to);
    near.on("error", () => far.destroy()).on("close", () => far.destroy());
    far.on("error", () => near.destroy()).on("close", () => near.destroy());
    near.pipe(far).pipe(near);
  });
  return server.listen(from);
}

if (import.meta.main) {
  const [port, path = ""] = process.argv.slice(2);
  forward({ port: Number(port), host: "127.0.0.1" }, { path });
}
