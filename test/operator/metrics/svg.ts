// Panels as one picture. Pure.

export type Line = {
  readonly name: string;
  readonly points: readonly { readonly at: number; readonly value: number }[];
};
export type Panel = { readonly title: string; readonly type: string; readonly lines: readonly Line[] };

const [WIDTH, HEIGHT, GAP, ROWS] = [460, 190, 16, 4];
const COLOURS = ["#3274d9", "#56a64b", "#e0752d", "#8f3bb8", "#c4162a", "#0f7d7d", "#b5a136", "#555555"];

/** Two columns of panels: curves, or the last value where the panel shows one number. */
export function svgOf(panels: readonly Panel[]): string {
  const [width, height] = [2 * WIDTH + 3 * GAP, ROWS * (HEIGHT + GAP) + GAP];
  const cells = panels.map((panel, index) => {
    const [x, y] = [GAP + (index % 2) * (WIDTH + GAP), GAP + Math.floor(index / 2) * (HEIGHT + GAP)];
    return `<g transform="translate(${x} ${y})">${panelOf(panel)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">
<rect width="${width}" height="${height}" fill="#f4f5f5"/>
${cells.join("\n")}
</svg>
`;
}

function panelOf({ title, type, lines: all }: Panel): string {
  // Where there are many, those that are nothing but zero say nothing.
  const lines = all.length > 5 ? all.filter(({ points }) => points.some(({ value }) => value !== 0)) : all;
  const body = type === "stat" ? numberOf(lines) : curvesOf(lines);
  return `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff" stroke="#d8d9da"/><text x="10" y="18" font-weight="bold">${escaped(title)}</text>${body}`;
}

function numberOf(lines: readonly Line[]): string {
  const last = lines[0]?.points.at(-1)?.value;
  return `<text x="${WIDTH / 2}" y="${HEIGHT / 2 + 22}" font-size="44" text-anchor="middle" fill="#56a64b">${last === undefined ? "–" : shown(last)}</text>`;
}

function curvesOf(lines: readonly Line[]): string {
  const most = Math.max(1, ...lines.flatMap(({ points }) => points.map(({ value }) => value)));
  const [left, top, right, bottom] = [34, 30, WIDTH - 10, HEIGHT - 34];
  const curves = lines.map(({ points }, index) => {
    const path = points.map(
      ({ at, value }) => `${round(left + at * (right - left))},${round(bottom - (value / most) * (bottom - top))}`,
    );
    return `<polyline points="${path.join(" ")}" fill="none" stroke="${COLOURS[index % COLOURS.length]}" stroke-width="1.5"/>`;
  });
  const legend = lines.map(
    ({ name }, index) => `<tspan fill="${COLOURS[index % COLOURS.length]}">■ ${escaped(name)}  </tspan>`,
  );
  return `<line x1="${left}" y1="${bottom}" x2="${right}" y2="${bottom}" stroke="#999999"/><text x="${left - 4}" y="${top + 4}" text-anchor="end">${shown(most)}</text><text x="${left - 4}" y="${bottom}" text-anchor="end">0</text>${curves.join("")}<text x="${left}" y="${HEIGHT - 12}">${legend.join("")}</text>`;
}

function shown(value: number): string {
  return value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(2);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
