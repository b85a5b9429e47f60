// The architecture: which room of driver/ may import which, and which file alone uses a package.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "..");

// A room may import itself, what stands here, and the plain files below all rooms.
const PLAIN = "actions addresses deadline errors log machine network-interfaces process-identity syslog";
const ROOMS: Readonly<Record<string, string>> = {
  opennebula: "",
  scaleway: "",
  "flexible-ip": "scaleway session",
  state: "",
  session: "config scaleway",
  settings: "",
  config: "settings",
  ipam: "flexible-ip opennebula scaleway session config state",
  bridge: "flexible-ip opennebula scaleway session config",
  operator: "bridge config flexible-ip ipam opennebula scaleway session settings state stdin",
  stdin: "opennebula",
  command: "operator session",
  run: "bridge command ipam session stdin",
  main: "run",
};

// A package, or what does its work, and the one place that may use it.
const HOMES: readonly (readonly [RegExp, RegExp, string])[] = [
  [/from "undici/, /^scaleway\//, "only driver/scaleway talks HTTP"],
  [/\bfetch\(/, /^$/, "only driver/scaleway/http.ts talks HTTP"],
  [/from "fast-xml-parser"/, /^opennebula\/xml\.ts$/, "only driver/opennebula/xml.ts parses XML"],
  [/from "proper-lockfile"/, /^(state|operator\/pool)\/lock\.ts$/, "only the two files named lock.ts lock"],
  [/from "commander"/, /^operator\/cli\.ts$/, "only driver/operator/cli.ts parses options"],
  [/from "zod"/, /^operator\//, "the driver uses zod/mini: all of zod slows every start"],
];

const files = globSync("driver/**/*.ts", { cwd: ROOT }).map((file) => file.slice("driver/".length));

test("each room of driver/ imports only the rooms below it", () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((imported) => !mayImport(roomOf(file), roomOf(imported)))
      .map((imported) => `${file} imports ${imported}`),
  );
  assert.deepEqual(wrong, []);
});

test("each package has one home", () => {
  const wrong = files.flatMap((file) =>
    HOMES.filter(([use, home]) => use.test(source(file)) && !home.test(file)).map(([, , why]) => `${file}: ${why}`),
  );
  assert.deepEqual(wrong, []);
});

test("actions and hooks load nothing of the operator's commands, which run.ts opens when they are asked for", () => {
  assert.match(source("run.ts"), /await import\("\.\/command\.ts"\)/);
  assert.doesNotMatch(files.map(source).join("\n"), /(from|import) "[./]+command\.ts"/);
});

function mayImport(room: string, other: string): boolean {
  return [room, ...PLAIN.split(" "), ...(ROOMS[room]?.split(" ") ?? [])].includes(other);
}

function importsOf(file: string): string[] {
  const specifiers = source(file).matchAll(/(?:from|import\(?)\s*"(\.[^"]+)"/g);
  return [...specifiers].map(([, path = ""]) => relative("/", join("/", dirname(file), path)));
}

function roomOf(file: string): string {
  return file.split("/")[0]?.replace(/\.ts$/, "") ?? "";
}

function source(file: string): string {
  return readFileSync(join(ROOT, "driver", file), "utf8");
}
