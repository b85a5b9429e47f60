import { readdirSync, readFileSync } from "node:fs";
import { z } from "zod";

/** One exchange with the Flexible IP API, as a file below fixtures/scaleway/ holds one, and a recording many. */
export const exchange = z.strictObject({
  method: z.string(),
  path: z.string(),
  request: z.unknown(),
  status: z.number(),
  response: z.unknown(),
});
export type Exchange = z.infer<typeof exchange>;

const folder = new URL("../../fixtures/recorded/flexible-ip-api/", import.meta.url);

/** The recorded traffic of the real API, by file. */
export const RECORDINGS: ReadonlyMap<string, readonly Exchange[]> = new Map(
  readdirSync(folder).map((name) => {
    return [name, z.array(exchange).parse(JSON.parse(readFileSync(new URL(name, folder), "utf8")))];
  }),
);
