// The bare exchange: what the call itself costs when nothing has to start.
import { get, Agent as HttpAgent, type RequestOptions } from "node:http";
import { get as getOverTls, Agent as HttpsAgent } from "node:https";
import { type Api, FREE } from "./api.ts";

/** Milliseconds of each of `count` reads of one flexible IP on one warm connection. */
export async function rawExchanges(api: Api, ca: string | undefined, count: number): Promise<number[]> {
  const isTls = api.url.startsWith("https:");
  const agent = isTls ? new HttpsAgent({ keepAlive: true, maxSockets: 1, ca }) : new HttpAgent({ keepAlive: true });
  const options: RequestOptions = { agent, headers: { "x-auth-token": api.token } };
  const url = `${api.url}/flexible-ip/v1alpha1/zones/${api.zone}/fips/${FREE.id}`;
  const read = (): Promise<void> =>
    new Promise((resolve, reject) => {
      (isTls ? getOverTls : get)(url, options, (response) => {
        response.resume().once("end", resolve);
      }).once("error", reject);
    });
  const times: number[] = [];
  for (let call = 0; call <= count; call += 1) {
    const start = performance.now();
    await read();
    if (call > 0) times.push(performance.now() - start);
  }
  agent.destroy();
  return times;
}
