// What a change does to a text, as `diff -u` shows it. Pure.
const CONTEXT = 3;

type Line = { readonly mark: " " | "-" | "+"; readonly text: string };

/** A unified diff; empty when the texts are the same. */
export function diff(name: string, before: string, after: string): string {
  if (before === after) return "";
  const lines = compare(before.split("\n"), after.split("\n"));
  const hunks = hunksOf(lines).map(([from, to]) => hunk(lines, from, to));
  return `--- ${name}\n+++ ${name} (new)\n${hunks.join("")}`;
}

/** Longest common subsequence between the parts that differ. */
function compare(before: readonly string[], after: readonly string[]): Line[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  while (
    tail < Math.min(before.length, after.length) - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail += 1;
  }
  const same = (text: string): Line => ({ mark: " ", text });
  const old = before.slice(head, before.length - tail);
  const now = after.slice(head, after.length - tail);
  return [...before.slice(0, head).map(same), ...middle(old, now), ...before.slice(before.length - tail).map(same)];
}

function middle(old: readonly string[], now: readonly string[]): Line[] {
  const width = now.length + 1;
  const lengths = new Uint32Array((old.length + 1) * width);
  const at = (row: number, column: number): number => lengths[row * width + column] ?? 0;
  for (let row = old.length - 1; row >= 0; row -= 1) {
    for (let column = now.length - 1; column >= 0; column -= 1) {
      lengths[row * width + column] =
        old[row] === now[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: Line[] = [];
  let [row, column] = [0, 0];
  while (row < old.length || column < now.length) {
    if (row < old.length && column < now.length && old[row] === now[column]) {
      lines.push({ mark: " ", text: old[row] ?? "" });
      row += 1;
      column += 1;
    } else if (row < old.length && (column === now.length || at(row + 1, column) >= at(row, column + 1))) {
      lines.push({ mark: "-", text: old[row++] ?? "" });
    } else {
      lines.push({ mark: "+", text: now[column++] ?? "" });
    }
  }
  return lines;
}

function hunksOf(lines: readonly Line[]): [number, number][] {
  const hunks: [number, number][] = [];
  for (const [index, { mark }] of lines.entries()) {
    if (mark === " ") continue;
    const from = Math.max(0, index - CONTEXT);
    const to = Math.min(lines.length, index + CONTEXT + 1);
    const last = hunks.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = to;
    else hunks.push([from, to]);
  }
  return hunks;
}

function hunk(lines: readonly Line[], from: number, to: number): string {
  const count = (part: readonly Line[], mark: Line["mark"]): number => part.filter((line) => line.mark !== mark).length;
  const [before, inside] = [lines.slice(0, from), lines.slice(from, to)];
  const range = (mark: Line["mark"]): string => `${count(before, mark) + 1},${count(inside, mark)}`;
  const body = inside.map(({ mark, text }) => `${mark}${text.replace(/\r$/, "")}\n`).join("");
  return `@@ -${range("+")} +${range("-")} @@\n${body}`;
}
