// Brings the simulated API into another network namespace: connections to a port there go to a socket in the file system.
// Started there as: node forward.ts PORT SOCKET
import { connect, createServer } from "node:net";
import { pipeline } from "node:stream";

const [port, path = ""] = process.argv.slice(2);
const server = createServer((near) => {
  pipeline(near, connect(path), near, () => {});
});
server.listen(Number(port), "127.0.0.1");
