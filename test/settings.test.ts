// The settings file that is shipped and the table in docs/settings.md are what the table of settings says. GOLDEN=write renews them.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { settingsFile, settingsTable } from "../build/settings-pages.ts";
import { REPOSITORY } from "./rig.ts";

const CONF = join(REPOSITORY, "remotes/etc/ipam/scw-flexip/scw-flexip.conf");
const PAGE = join(REPOSITORY, "docs/settings.md");
const TABLE = /\| key \| default \| what it is \|\n(?:\|.*\n)+/;

const write = process.env.GOLDEN === "write";

test("the shipped settings file has every setting with its words and its default", () => {
  if (write) writeFileSync(CONF, settingsFile());
  assert.equal(readFileSync(CONF, "utf8"), settingsFile());
});

test("the table of settings in the documents has every setting with its words and its default", () => {
  const page = readFileSync(PAGE, "utf8");
  if (write)
    writeFileSync(
      PAGE,
      page.replace(TABLE, () => `${settingsTable()}\n`),
    );
  assert.equal(TABLE.exec(readFileSync(PAGE, "utf8"))?.[0], `${settingsTable()}\n`);
});
