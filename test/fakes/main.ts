// The simulator as a process of its own, for those who need it in another network namespace: node test/fakes/main.ts
// '{"socket":"/tmp/simulator","settle":{"recorded":0.1}}' prints where it listens and ends with its standard input.
import { startSimulator } from "./flexible-ip-server.ts";

const { url, token, zone, close } = await startSimulator(JSON.parse(process.argv[2] ?? "{}"));
process.stdout.write(`${JSON.stringify({ url, token, zone })}\n`);
process.stdin.resume().once("end", close);
