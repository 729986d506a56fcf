/** Charts of lines as parts of an SVG picture. */

/** A line of a chart. */
export interface Series {
  readonly name: string;
  readonly color: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly thin?: boolean;
  /** Drawn in dashes, so that a line below stays visible. */
  readonly dashed?: boolean;
}

/** What a chart shows. */
export interface Chart {
  readonly title: string;
  readonly series: readonly Series[];
  /** The last x; the first is 0. */
  readonly end: number;
  readonly xLabel: string;
  /** Of y; from 0 to the largest value when left out. */
  readonly range?: readonly [low: number, high: number];
}

const WIDTH = 720;
const HEIGHT = 300;
/** Points up to which each is marked with a dot. */
const DOTS = 60;
const FRAME = { left: 62, right: 24, top: 40, bottom: 46 };
const plotWidth = WIDTH - FRAME.left - FRAME.right;
const plotHeight = HEIGHT - FRAME.top - FRAME.bottom;

/** A picture of charts below each other, as SVG. */
export function plotCharts(charts: readonly Chart[]): string {
  const height = charts.length * HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    ...charts.map((one, i) => chart(one, i * HEIGHT)),
    '</svg>\n',
  ].join('\n');
}

function chart({ title, series, end, xLabel, range }: Chart, offset: number): string {
  const shown = series.filter(({ points }) => points.length > 0);
  const values = shown.flatMap(({ points }) => points.map(([, y]) => y)).filter(Number.isFinite);
  const [low, high] = range ?? [0, values.length === 0 ? 1 : Math.max(...values) * 1.05 || 1];
  const x = (value: number): string => (FRAME.left + (value / end) * plotWidth).toFixed(1);
  const y = (value: number): string =>
    (FRAME.top + plotHeight - ((value - low) / (high - low)) * plotHeight).toFixed(1);
  const lines: string[] = [`<g transform="translate(0 ${offset})">`];
  lines.push(`<text x="${FRAME.left}" y="22" font-size="14" fill="#1b1f27">${escaped(title)}</text>`);
  for (const tick of ticks(low, high)) {
    lines.push(`<path d="M${x(0)} ${y(tick)}H${x(end)}" stroke="#e3e7ee"/>`);
    lines.push(
      `<text x="${FRAME.left - 8}" y="${y(tick)}" dy="4" text-anchor="end" fill="#5a6270">${label(tick)}</text>`,
    );
  }
  for (const tick of ticks(0, end).filter(Number.isInteger)) {
    lines.push(`<text x="${x(tick)}" y="${HEIGHT - 26}" text-anchor="middle" fill="#5a6270">${tick}</text>`);
  }
  lines.push(
    `<text x="${WIDTH / 2}" y="${HEIGHT - 8}" text-anchor="middle" fill="#5a6270">${escaped(xLabel)}</text>`,
  );
  for (const { color, points, thin, dashed } of shown) {
    const finite = points.filter(([, value]) => Number.isFinite(value));
    const path = finite.map(([px, py]) => `${x(px)} ${y(py)}`).join('L');
    lines.push(
      `<path d="M${path}" fill="none" stroke="${color}" stroke-width="${thin ? 1 : 2}" stroke-linejoin="round" stroke-linecap="${dashed ? 'butt' : 'round'}"${dashed ? ' stroke-dasharray="5 5"' : ''}/>`,
    );
    if (!thin && points.length <= DOTS)
      for (const [px, py] of finite)
        lines.push(`<circle cx="${x(px)}" cy="${y(py)}" r="2.5" fill="${color}"/>`);
  }
  shown.forEach(({ name, color }, i) => {
    const left = WIDTH - FRAME.right - 92 * (shown.length - i);
    lines.push(`<path d="M${left} 18h18" stroke="${color}" stroke-width="3"/>`);
    lines.push(`<text x="${left + 24}" y="22" fill="#1b1f27">${name}</text>`);
  });
  lines.push('</g>');
  return lines.join('\n');
}

/** Round numbers between two others, four to eight of them. */
function ticks(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
}

function label(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
