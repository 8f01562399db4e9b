/** A line, or the bars of one colour. */
export interface PlotSeries {
  readonly label: string;
  readonly points: readonly { readonly x: number | string; readonly y: number }[];
}

export interface Plot {
  /** Bars take each distinct `x` as a name; lines take it as a figure. */
  readonly kind: 'line' | 'bar';
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly series: readonly PlotSeries[];
  /** Logarithmic x, of lines whose figures are above 0. */
  readonly logX: boolean;
}

const WIDTH = 760;
const HEIGHT = 440;
const FRAME = { left: 78, right: 24, top: 56, bottom: 64 };
const LEGEND_LINE = 20;
/** Told apart with any kind of colour vision (Okabe and Ito 2008). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];

interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

/** A picture as SVG text: title, axes with round figures, a legend where there is more than one series. */
export function plotSvg(plot: Plot): string {
  const legend = plot.series.length > 1 ? plot.series.length * LEGEND_LINE : 0;
  const height = HEIGHT + legend;
  const values = plot.series
    .flatMap(({ points }) => points.map(({ y }) => y))
    .filter(Number.isFinite);
  const bottom = HEIGHT - FRAME.bottom;
  const y = linearScale(valueRange(plot.kind, values), bottom, FRAME.top);
  const body = plot.kind === 'bar' ? bars(plot, y, bottom) : lines(plot, y, bottom);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13" fill="#333">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(WIDTH / 2, 28, plot.title, 'middle', ' font-size="17" font-weight="600"'),
    ...y.ticks.map((tick) => yTick(tick, y.at(tick))),
    `<line x1="${FRAME.left}" y1="${bottom}" x2="${WIDTH - FRAME.right}" y2="${bottom}" stroke="#555"/>`,
    ...body,
    text((FRAME.left + WIDTH - FRAME.right) / 2, HEIGHT - 18, plot.xTitle, 'middle'),
    `<g transform="translate(18 ${(FRAME.top + bottom) / 2}) rotate(-90)">${text(0, 0, plot.yTitle, 'middle')}</g>`,
    ...(legend === 0 ? [] : plot.series.map(legendEntry)),
    '</svg>',
  ].join('\n')}\n`;
}

function lines(plot: Plot, y: Scale, bottom: number): string[] {
  const figures = plot.series.flatMap(({ points }) => points.map(({ x }) => Number(x)));
  const left = FRAME.left + 12;
  const right = WIDTH - FRAME.right - 12;
  const x = plot.logX ? logScale(figures, left, right) : linearScale(range(figures), left, right);
  const ticks = x.ticks.map((tick) => xTick(x.at(tick), figureText(tick), bottom));
  const drawn = plot.series.map(({ points }, index) => {
    const places = points
      .filter((point) => Number.isFinite(point.y))
      .map((point) => ({ x: round(x.at(Number(point.x))), y: round(y.at(point.y)) }));
    const path = places.map((place) => `${place.x},${place.y}`).join(' ');
    const dots = places.map(
      (place) => `<circle cx="${place.x}" cy="${place.y}" r="3.5" fill="${colour(index)}"/>`,
    );
    return `<polyline points="${path}" fill="none" stroke="${colour(index)}" stroke-width="2"/>${dots.join('')}`;
  });
  return [...ticks, ...drawn];
}

function bars(plot: Plot, y: Scale, bottom: number): string[] {
  const names = [...new Set(plot.series.flatMap(({ points }) => points.map(({ x }) => String(x))))];
  const slot = (WIDTH - FRAME.left - FRAME.right) / Math.max(1, names.length);
  const width = Math.min(64, (slot * 0.8) / plot.series.length);
  const zero = y.at(0);
  const drawn = plot.series.flatMap(({ points }, index) =>
    points.map((point) => {
      const middle = FRAME.left + slot * (names.indexOf(String(point.x)) + 0.5);
      const left = middle + width * (index - plot.series.length / 2);
      const top = y.at(point.y);
      const rect = `<rect x="${round(left + 1)}" y="${round(Math.min(top, zero))}" width="${round(width - 2)}" height="${round(Math.abs(zero - top))}" fill="${colour(index)}"/>`;
      const label = text(
        left + width / 2,
        Math.min(top, zero) - 5,
        figureText(point.y),
        'middle',
        ' font-size="11"',
      );
      return rect + label;
    }),
  );
  const ticks = names.map((name, index) => xTick(FRAME.left + slot * (index + 0.5), name, bottom));
  return [...ticks, ...drawn];
}

function valueRange(kind: Plot['kind'], values: readonly number[]): readonly [number, number] {
  const [low, high] = range(values);
  // Bars are lengths, so they start at zero; lines do where zero is near.
  const fromZero = kind === 'bar' || low < high / 2;
  return fromZero ? [Math.min(0, low), Math.max(0, high)] : [low, high];
}

function range(values: readonly number[]): readonly [number, number] {
  return values.length === 0 ? [0, 1] : [Math.min(...values), Math.max(...values)];
}

/** Ticks at 1, 2 or 5 times a power of ten, some five of them, with all values between the first and the last. */
function linearScale([low, high]: readonly [number, number], from: number, to: number): Scale {
  const span = high > low ? high - low : Math.abs(high) || 1;
  const rough = span / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.floor(low / step);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  const start = first * step;
  return { ticks, at: (value) => from + ((value - start) / ((last - first) * step)) * (to - from) };
}

function logScale(values: readonly number[], from: number, to: number): Scale {
  const ticks = [...new Set(values)].toSorted((a, b) => a - b);
  const low = Math.log(ticks[0] ?? 1);
  const span = Math.log(ticks.at(-1) ?? Math.E) - low || 1;
  return { ticks, at: (value) => from + ((Math.log(value) - low) / span) * (to - from) };
}

function yTick(tick: number, y: number): string {
  const line = `<line x1="${FRAME.left}" y1="${round(y)}" x2="${WIDTH - FRAME.right}" y2="${round(y)}" stroke="#e3e3e3"/>`;
  return line + text(FRAME.left - 8, y + 4, figureText(tick), 'end');
}

function xTick(x: number, label: string, bottom: number): string {
  const line = `<line x1="${round(x)}" y1="${bottom}" x2="${round(x)}" y2="${bottom + 5}" stroke="#555"/>`;
  return line + text(x, bottom + 20, label, 'middle');
}

function legendEntry({ label }: PlotSeries, index: number): string {
  const y = HEIGHT + index * LEGEND_LINE;
  const box = `<rect x="${FRAME.left}" y="${y - 10}" width="12" height="12" rx="2" fill="${colour(index)}"/>`;
  return box + text(FRAME.left + 20, y, label, 'start');
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] as string;
}

function text(x: number, y: number, content: string, anchor: string, more = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${more}>${escaped}</text>`;
}

/** Figures as short as they can be without saying anything else: `12`, `0.25`, `45k`, `1.2M`. */
function figureText(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(4))}M`;
  if (size >= 10_000) return `${Number((value / 1e3).toPrecision(4))}k`;
  return String(Number(value.toPrecision(4)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
