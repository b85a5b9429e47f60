// The documents: links lead somewhere, commands, options, make targets and files that they name exist, and the settings
// are what the driver's table says (GOLDEN=write renews them).
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { settingsFile, settingsTable } from "../build/settings-pages.ts";
import { HOOKS, IPAM_ACTIONS } from "../driver/actions.ts";
import { COMMON } from "../driver/operator/manual/text.ts";
import { COMMANDS } from "../driver/operator/manual.ts";
import { REPOSITORY } from "./rig.ts";

const WIDTH = 120;
// What a build or an operator makes.
const MADE = /^(remotes\/ipam\/scw-flexip\/scw-flexip$|provision\/\.cloud\/)/;
const PAGES = globSync("{*.md,docs/**/*.md,{test,fixtures,provision}/**/*.md}", {
  cwd: REPOSITORY,
  exclude: ["**/node_modules/**"],
}).sort();

inAllPages("every relative link in the documents leads to a file, and to a heading of it", (page) =>
  [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = ""]) => link)
    .filter((link) => !/^[a-z]+:/.test(link) && !isThere(page, link)),
);

inAllPages("no line of prose is wider than 120 columns or ends with a blank", (page) =>
  prose(page)
    .split("\n")
    .filter((line) => / $/.test(line) || (line.length > WIDTH && !/^ *(\||[^ ]*$|- [^ ]*$)/.test(line))),
);

inAllPages("the documents name only commands and options that scw-flexip has", (page) =>
  codeOf(page)
    .flatMap(callsOf)
    .filter((call) => !isCommand(call)),
);

const makefiles = ["Makefile", "provision/Makefile"].map(read).join("\n");
const targets = [...makefiles.matchAll(/^([a-z-]+):/gm)].map(([, target]) => target);
inAllPages("the documents name only make targets that a Makefile has", (page) =>
  codeOf(page)
    .flatMap((code) => [...code.replace(/ #.*/, "").matchAll(/(?:^|[;&|] *)make((?: [a-z][a-z-]*)+)/g)])
    .flatMap(([, words = ""]) => words.trim().split(" "))
    .filter((target) => !targets.includes(target)),
);

inAllPages("the documents name only files of the repository that are there", (page) =>
  codeOf(page)
    // A listing has the path first, then what it holds.
    .map((code) => code.split("  ")[0] ?? "")
    .filter((code) => /^(\.ci|build|docs|driver|fixtures|packaging|provision|remotes|test)\/[\w./-]*$/.test(code))
    .filter((path) => !MADE.test(path) && !existsSync(join(REPOSITORY, path))),
);

for (const [page, renewed] of [
  ["remotes/etc/ipam/scw-flexip/scw-flexip.conf", settingsFile],
  ["docs/settings.md", withSettingsTable],
] as const) {
  test(`${page} has every setting with its words and its default`, () => {
    if (process.env.GOLDEN === "write") writeFileSync(join(REPOSITORY, page), renewed(read(page)));
    assert.equal(read(page), renewed(read(page)));
  });
}

function inAllPages(title: string, wrongIn: (page: string) => readonly string[]): void {
  test(title, () => {
    assert.deepEqual(
      PAGES.flatMap((page) => wrongIn(page).map((wrong) => `${page}: ${wrong}`)),
      [],
    );
  });
}

function withSettingsTable(page: string): string {
  const table = /\| key \| default \| what it is \|\n(?:\|.*\n)+/;
  assert.match(page, table);
  return page.replace(table, () => `${settingsTable()}\n`);
}

function read(page: string): string {
  return readFileSync(join(REPOSITORY, page), "utf8");
}

/** The page without blocks of code. */
function prose(page: string): string {
  return read(page).replaceAll(/^( *)```[\s\S]*?^\1```$/gm, "");
}

/** Each piece of code in the page: what stands between backticks, and each line of a block. */
function codeOf(page: string): string[] {
  const blocks = [...read(page).matchAll(/^( *)```[\s\S]*?^\1```$/gm)].flatMap(([block]) =>
    block.split("\n").slice(1, -1),
  );
  const spans = [...prose(page).matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code.replaceAll(/\s+/g, " "));
  return [...blocks.map((line) => line.trim()), ...spans];
}

function isThere(page: string, link: string): boolean {
  const [path = "", heading] = link.split("#");
  const target = path === "" ? page : join(dirname(page), path);
  if (!existsSync(join(REPOSITORY, target))) return false;
  return heading === undefined || headingsOf(target).includes(heading);
}

/** The anchors of a page's headings, as GitHub makes them. */
function headingsOf(page: string): string[] {
  return [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

/** The words of each call of scw-flexip in a piece of code, up to what a shell would end it with. */
function callsOf(code: string): string[] {
  return [...code.matchAll(/(?:^|[ /])scw-flexip ([a-z-][^|;&<>#)]*)/g)].map(([, words = ""]) => words.trim());
}

function isCommand(call: string): boolean {
  const words = call.split(/[ ,]+/);
  if ([...IPAM_ACTIONS, ...HOOKS, "--version", "--help"].some((word) => word === words[0])) return true;
  const command = COMMANDS.find(({ name }) => call === name || call.startsWith(`${name} `));
  if (command === undefined) return false;
  const known = [...command.options, ...COMMON].flatMap(({ flags }) => flags.match(/--?[a-z-]+/g) ?? []);
  return words.filter((word) => /^-/.test(word)).every((word) => [...known, "--help", "-h"].includes(word));
}
