// The table of steps, in the width that there is.
import type { Asked } from "./life.ts";
import { folded, type Played, shown } from "./play.ts";
import { type Paint, type Style, wrap } from "./screen.ts";

type Cell = { readonly text: string; readonly style?: Style | undefined };
type Column = { readonly title: string; readonly width: number; readonly gap: number; readonly isRight?: true };

const NARROWEST = 80;
const WIDEST_CALLS = 40;

/** The columns. That of the calls takes what the others leave. */
export function columnsFor(width: number): Column[] {
  const before: Column[] = [
    { title: "#", width: 2, gap: 0, isRight: true },
    { title: "on", width: 2, gap: 1 },
    { title: "OpenNebula asks", width: 24, gap: 1 },
  ];
  const after: Column[] = [
    { title: "address 1", width: 10, gap: 2 },
    { title: "address 2", width: 10, gap: 2 },
    { title: "ms", width: 4, gap: 1, isRight: true },
    { title: "", width: 1, gap: 1 },
  ];
  const calls = { title: "API calls", width: 0, gap: 2 };
  const taken = [...before, calls, ...after].reduce((sum, column) => sum + column.gap + column.width, 0);
  return [...before, { ...calls, width: Math.min(WIDEST_CALLS, Math.max(NARROWEST, width) - taken) }, ...after];
}

/** The titles of the columns. */
export function headLines(columns: readonly Column[], paint: Paint): string[] {
  return rowLines(
    columns,
    columns.map(({ title }) => ({ text: title, style: "bold" })),
    paint,
  );
}

/** A step and what came of it: one row, on as many lines as its calls need. */
export function stepLines(
  columns: readonly Column[],
  number: number,
  asked: Asked,
  played: Played,
  paint: Paint,
): string[] {
  const isRight = played.differences.length === 0;
  const cells: Cell[] = [
    { text: String(number) },
    { text: asked.on, style: "bold" },
    { text: askedOf(asked, played) },
    { text: folded(played.calls) },
    ...played.after.map((place) => ({ text: shown(place), style: styleOf(place) })),
    { text: String(played.ms), style: "dim" },
    isRight ? { text: "✓", style: "green" } : { text: "✗", style: "red" },
  ];
  return rowLines(columns, cells, paint);
}

function askedOf({ ask }: Asked, { isHotPlug }: Played): string {
  return isHotPlug ? `${ask} ATTACH=YES` : ask;
}

function styleOf(place: string): Style | undefined {
  if (place.startsWith("attached")) return "green";
  if (place.startsWith("leaving")) return "yellow";
  return place === "none" || place === "gone" ? "dim" : undefined;
}

function rowLines(columns: readonly Column[], cells: readonly Cell[], paint: Paint): string[] {
  const wrapped = columns.map(({ width }, index) => wrap(cells[index]?.text ?? "", width));
  const height = Math.max(...wrapped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    columns
      .map(({ width, gap, isRight }, index) => {
        const text = wrapped[index]?.[line] ?? "";
        const style = cells[index]?.style;
        const padding = " ".repeat(Math.max(0, width - text.length));
        const painted = style === undefined || text === "" ? text : paint(style, text);
        return " ".repeat(gap) + (isRight ? padding + painted : painted + padding);
      })
      .join("")
      .trimEnd(),
  );
}
