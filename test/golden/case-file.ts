// One case a file, in sections: what is there, what is sent, what must come of it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../rig.ts";
import { parseLine } from "./account-lines.ts";

const FIXTURES = join(REPOSITORY, "fixtures");
const EXPECTED = ["answer", "failure", "account after"] as const;

/** What must come of a case, by section. What is absent must not come. */
export type Expected = Partial<Record<(typeof EXPECTED)[number], string>>;

export type Case = ReturnType<typeof readCase>;

/** Reads a case, for example `ipam/get_address/free`. */
export function readCase(name: string) {
  const sections = sectionsOf(readFileSync(pathOf(name), "utf8"));
  const account = (sections.get("account") ?? "").split("\n").filter((line) => line !== "");
  const request = sections.get("request")?.trim() ?? "";
  const shared = join(FIXTURES, "documents", `${request}.xml`);
  const quota = account.find((line) => line.startsWith("quota="))?.slice("quota=".length);
  const isAddress = (line: string) => !line.startsWith("quota=") && line !== "token refused";
  const expected: Expected = Object.fromEntries(
    [...sections].filter(([section]) => EXPECTED.some((one) => one === section)),
  );
  return {
    flexibleIps: account.filter(isAddress).map(parseLine),
    /** How many flexible IPs the project may have. */
    quota: quota === undefined ? undefined : Number(quota),
    isTokenRefused: account.includes("token refused"),
    /** What is sent, as one line: the document, or the name of one that several cases send. */
    document: unbroken(request.startsWith("<") ? request : readFileSync(shared, "utf8")),
    expected,
  };
}

/** Puts what came of the case in the place of what was expected. */
export function writeExpected(name: string, expected: Expected): void {
  const [given = ""] = readFileSync(pathOf(name), "utf8").split(/^-- (?:answer|failure|account after) --$/m);
  const sections = EXPECTED.flatMap((section) => {
    const text = expected[section];
    return text === undefined ? [] : [`-- ${section} --\n${text}`];
  });
  writeFileSync(pathOf(name), given + sections.join(""));
}

/** OpenNebula sends one line; the fixtures are broken between elements, to be read. */
function unbroken(document: string): string {
  return document.trim().replaceAll(/>\n</g, "><");
}

function sectionsOf(text: string): Map<string, string> {
  const [, ...parts] = text.split(/^-- (.+) --\n/m);
  const sections = new Map<string, string>();
  for (let index = 0; index < parts.length; index += 2) sections.set(parts[index] ?? "", parts[index + 1] ?? "");
  return sections;
}

function pathOf(name: string): string {
  return join(FIXTURES, `${name}.txt`);
}
