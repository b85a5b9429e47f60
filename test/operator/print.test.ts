// Text from others in tables: nothing that a terminal would act on, and columns that stay aligned.
import assert from "node:assert/strict";
import { test } from "node:test";
import { textOfValue } from "../../driver/operator/print/column.ts";
import { json } from "../../driver/operator/print/rows.ts";
import { table } from "../../driver/operator/print/table.ts";
import { widthOf } from "../../driver/operator/print/width.ts";
import { Terminal } from "../../driver/operator/terminal.ts";

const terminal = new Terminal({ quiet: true, color: false });
const columns = [
  { key: "name", title: "NAME", rank: 1 },
  { key: "id", title: "ID", rank: 0 },
];

test("a name cannot break a line, move the cursor or turn the direction of text", () => {
  assert.equal(textOfValue("a\nb\u001b[2Jc\u0007\u009b31md\u202ee\u2028f"), "a b [2Jc 31md e f");
  assert.equal(textOfValue(["x\ty", "z"]), "x y,z");
});

test("JSON escapes what a terminal acts on, and holds the same name", () => {
  const name = "a\u001b[31m\u009b\u202e\u2028b";
  const text = json([{ name }]);
  assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\u2028\u202e]/u);
  assert.deepEqual(JSON.parse(text), [{ name }]);
});

test("letters take one column, East Asian ones and pictures two, combining marks none", () => {
  const texts = ["web", "", "größe", "اسم", "e\u0301te\u0301", "データベース", "한국어", "🚀 rocket"];
  assert.deepEqual(texts.map(widthOf), [3, 0, 5, 3, 3, 12, 6, 9]);
});

test("the second column is aligned behind wide names", () => {
  const rows = ["web", "データベース", "🚀 rocket"].map((name) => ({ name, id: "|" }));
  const lines = table(terminal, rows, { columns, hasHeader: true, isFixed: false }).trimEnd().split("\n");
  const starts = lines.slice(1).map((line) => widthOf(line.slice(0, line.indexOf("|"))));
  assert.deepEqual(starts, [14, 14, 14]);
});

test("a table takes a hundred thousand rows", () => {
  const rows = Array.from({ length: 100_000 }, (_, index) => ({ name: "x", id: String(index) }));
  assert.equal(table(terminal, rows, { columns, hasHeader: false, isFixed: true }).split("\n").length, 100_001);
});
