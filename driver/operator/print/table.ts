// Borderless columns as OpenNebula's own tables have them. On a terminal what does not fit is left out, column by column,
// and the last column is continued on further lines; elsewhere everything is written out.
import type { Terminal } from "../terminal.ts";
import { type Column, cell, type Row } from "./column.ts";
import type { Form } from "./rows.ts";
import { widthOf } from "./width.ts";

const GAP = 2;
const NARROWEST_LAST = 30;
const LONGEST_TEXT = 40;

/** The rows as lines of a table. */
export function table<T extends Row>(
  terminal: Terminal,
  rows: readonly T[],
  { columns, hasHeader, isFixed }: Pick<Form<T>, "columns" | "hasHeader" | "isFixed">,
): string {
  const measured = columns.map((column) => measure(terminal, column, rows, hasHeader));
  const fitted = isFixed ? measured : fitting(measured, terminal.width);
  const shown = fitted.map(({ column }) => column);
  const widths = fitted.map(({ width }) => width);
  const indent = widths.slice(0, -1).reduce((sum, width) => sum + width + GAP, 0);
  const room =
    terminal.width === undefined ? Number.POSITIVE_INFINITY : Math.max(NARROWEST_LAST, terminal.width - indent);

  const line = (texts: readonly string[], style: (column: Column<T>, text: string) => string): string => {
    const [last = "", ...more] = wrap(texts.at(-1) ?? "", room);
    const all = [...texts.slice(0, -1), last];
    const padded = all.map((text, index) => {
      const column = shown[index];
      const pad = index === all.length - 1 ? "" : " ".repeat((widths[index] ?? 0) - widthOf(text) + GAP);
      return (column === undefined ? text : style(column, text)) + pad;
    });
    return [padded.join(""), ...more.map((rest) => " ".repeat(indent) + rest)].map((text) => `${text}\n`).join("");
  };
  const titles = shown.map(({ title }) => title);
  const header = hasHeader ? line(titles, (_, text) => terminal.style("bold", text)) : "";
  const body = rows.map((row) =>
    line(
      shown.map((column) => shortened(terminal, column, cell(column, row))),
      (column, text) => {
        const style = column.style?.(text);
        return style === undefined ? text : terminal.style(style, text);
      },
    ),
  );
  return header + body.join("");
}

type Measured<T> = {
  readonly column: Column<T>;
  readonly width: number;
  /** As the last column, which is continued on further lines where there is a space to break at. */
  readonly leastWidth: number;
};

function measure<T extends Row>(
  terminal: Terminal,
  column: Column<T>,
  rows: readonly T[],
  hasHeader: boolean,
): Measured<T> {
  let [width, leastWidth] = hasHeader ? [column.title.length, column.title.length] : [0, 0];
  for (const row of rows) {
    const text = shortened(terminal, column, cell(column, row));
    const own = widthOf(text);
    width = Math.max(width, own);
    leastWidth = Math.max(leastWidth, text.includes(" ") ? Math.min(NARROWEST_LAST, own) : own);
  }
  return { column, width, leastWidth };
}

/** Cuts a long name, which on a terminal would push other columns out. A column of rank 0 is never cut. */
function shortened<T>({ width }: Terminal, { rank }: Column<T>, text: string): string {
  if (width === undefined || rank === 0 || text.length <= LONGEST_TEXT) return text;
  return `${text.slice(0, LONGEST_TEXT - 1)}…`;
}

/** The columns that fit beside each other, with the last one at its narrowest. */
function fitting<T>(columns: readonly Measured<T>[], room: number | undefined): readonly Measured<T>[] {
  if (room === undefined) return columns;
  let kept = columns;
  const needed = (): number =>
    kept.reduce((sum, { width, leastWidth }, index) => {
      return sum + (index === kept.length - 1 ? leastWidth : width + GAP);
    }, 0);
  while (needed() > room) {
    const highest = Math.max(...kept.map(({ column }) => column.rank));
    if (highest === 0) break;
    const least = kept.findLastIndex(({ column }) => column.rank === highest);
    kept = kept.filter((_, index) => index !== least);
  }
  return kept;
}

/** The text in lines of `room` columns at most. */
export function wrap(text: string, room: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > room) {
    const space = rest.lastIndexOf(" ", room);
    const at = space > 0 ? space : room;
    lines.push(rest.slice(0, at));
    rest = rest.slice(at).trimStart();
  }
  return [...lines, rest];
}
