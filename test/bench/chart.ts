// docs/performance.svg: times as multiples of the floor, with the targets.
import { type Figures, ms } from "./figures.ts";

const BARS: readonly (readonly [name: string, label: string, target: number | undefined])[] = [
  ["floor", "floor", undefined],
  ["hook", "hook, no public NIC", 1.4],
  ["get_address", "get_address", 2],
  ["pre", "pre, attached already", 2],
  ["get_address tls", "get_address, TLS", 2.6],
  ["pre tls", "pre, TLS", 2.6],
  ["get_address many", "get_address, 5,000 IPs", 2],
  ["dense sh get_address", "sh, one process for each tool", undefined],
  ["sh get_address", "sh, field by field", undefined],
];
const LEFT = 210;
const WIDTH = 760;
const LINE = 30;

/** The chart as SVG text; colours suit a light and a dark page. */
export function chartOf(figures: Figures): string {
  const floor = ms(figures, "floor") ?? Number.NaN;
  const bars = BARS.flatMap(([name, label, target]) => {
    const value = ms(figures, name);
    return value === undefined ? [] : [{ label, target, value, ratio: value / floor }];
  });
  const longest = Math.max(...bars.map(({ ratio, target }) => Math.max(ratio, target ?? 0)));
  const x = (ratio: number): number => Math.round(LEFT + (ratio / longest) * (WIDTH - LEFT - 120));
  const height = bars.length * LINE + 46;
  const drawn = bars.map(({ label, target, value, ratio }, index) => {
    const y = 12 + index * LINE;
    const colour = label.startsWith("sh") ? "#8a8f98" : label === "floor" ? "#b08a2e" : "#3b7dd8";
    const mark = target === undefined ? "" : `<path d="M${x(target)} ${y - 3}v26" stroke="#d2453d" stroke-width="2"/>`;
    return `<text x="${LEFT - 8}" y="${y + 15}" text-anchor="end">${label}</text>
<rect x="${LEFT}" y="${y}" width="${x(ratio) - LEFT}" height="20" rx="2" fill="${colour}"/>${mark}
<text x="${Math.max(x(ratio), target === undefined ? 0 : x(target)) + 8}" y="${y + 15}">${ratio.toFixed(2)} × (${value.toFixed(1)} ms)</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Times of whole processes as multiples of the floor">
<g font-family="sans-serif" font-size="13" fill="#808489">
${drawn.join("\n")}
<text x="${LEFT}" y="${height - 10}" font-size="12">median of whole processes, multiples of the floor; red: at most</text>
</g>
</svg>
`;
}
