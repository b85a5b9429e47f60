// Passes connections on, from a port or a socket in the file system to another one: sockets reach other network namespaces.
// Started as: node forward.ts FROM TO
import { connect, createServer } from "node:net";
import { pipeline } from "node:stream";

const [from = "", to = ""] = process.argv.slice(2);
const server = createServer((near) => {
  pipeline(near, connect(to), near, () => {});
});
server.listen(from);
