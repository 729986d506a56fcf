/**
 * A small font of straight strokes for labels. It is drawn as an SVG path, so that labels look the same on machines
 * with and without installed fonts.
 *
 * A glyph is a list of strokes, a stroke a list of points `xy`, in units of a sixth of the capital height: y is 0 at
 * the top of capitals, 2 at the top of small letters, 6 on the baseline and 8 below it.
 */
const glyphs: Readonly<Record<string, string>> = {
  ' ': '',
  '!': '00 04,06',
  '"': '00 02,20 22',
  '#': '11 15,31 35,02 42,04 44',
  $: '41 01 03 43 45 05,20 26',
  '%': '40 06,00 10 11 01 00,35 45 46 36 35',
  '&': '46 11 10 20 21 04 05 16 26 44',
  "'": '00 02',
  '(': '20 02 04 26',
  ')': '00 22 24 06',
  '*': '21 25,02 44,42 04',
  '+': '21 25,03 43',
  ',': '16 07',
  '-': '03 33',
  '.': '06',
  '/': '06 40',
  '0': '10 30 41 45 36 16 05 01 10',
  '1': '01 10 16,06 26',
  '2': '01 10 30 41 42 06 46',
  '3': '01 10 30 41 42 33 44 45 36 16 05,13 33',
  '4': '36 30 04 44',
  '5': '40 00 03 12 32 43 45 36 16 05',
  '6': '40 20 02 05 16 36 45 44 33 03',
  '7': '00 40 16',
  '8': '10 30 41 42 33 13 02 01 10,13 04 05 16 36 45 44 33',
  '9': '06 26 44 41 30 10 01 02 13 43',
  ':': '03,06',
  ';': '13,16 07',
  '<': '41 03 45',
  '=': '02 42,04 44',
  '>': '01 43 05',
  '?': '01 10 30 41 42 23 24,26',
  '@': '46 16 05 01 10 30 41 44 24 22 42',
  A: '06 02 20 42 46,04 44',
  B: '00 30 41 42 33 44 45 36 06 00,03 33',
  C: '41 30 10 01 05 16 36 45',
  D: '00 20 42 44 26 06 00',
  E: '40 00 06 46,03 33',
  F: '40 00 06,03 33',
  G: '41 30 10 01 05 16 36 45 43 23',
  H: '00 06,40 46,03 43',
  I: '00 20,10 16,06 26',
  J: '40 45 36 16 05',
  K: '00 06,40 03 46',
  L: '00 06 46',
  M: '06 00 23 40 46',
  N: '06 00 46 40',
  O: '10 30 41 45 36 16 05 01 10',
  P: '06 00 30 41 42 33 03',
  Q: '10 30 41 45 36 16 05 01 10,24 46',
  R: '06 00 30 41 42 33 03,23 46',
  S: '41 30 10 01 02 13 33 44 45 36 16 05',
  T: '00 40,20 26',
  U: '00 05 16 36 45 40',
  V: '00 26 40',
  W: '00 16 23 36 40',
  X: '00 46,40 06',
  Y: '00 23 40,23 26',
  Z: '00 40 06 46',
  '[': '20 00 06 26',
  '\\': '00 46',
  ']': '00 20 26 06',
  '^': '02 20 42',
  _: '07 47',
  '`': '00 11',
  a: '12 32 43 46 16 05 14 44',
  b: '00 06 36 45 43 32 02',
  c: '42 12 03 05 16 46',
  d: '40 46 16 05 03 12 42',
  e: '04 44 43 32 12 03 05 16 46',
  f: '30 20 11 16,02 32',
  g: '46 16 05 03 12 42 47 38 08',
  h: '00 06,02 32 43 46',
  i: '02 06,00',
  j: '22 27 18 08,20',
  k: '00 06,32 04 36',
  l: '00 05 16',
  m: '06 02 12 23 26,23 32 43 46',
  n: '06 02 32 43 46',
  o: '12 32 43 45 36 16 05 03 12',
  p: '08 02 32 43 45 36 06',
  q: '48 42 12 03 05 16 46',
  r: '06 02,03 12 32',
  s: '42 12 03 14 34 45 36 06',
  t: '10 15 26 36,02 32',
  u: '02 05 16 46,42 46',
  v: '02 26 42',
  w: '02 16 23 36 42',
  x: '02 46,42 06',
  y: '02 05 16 46,42 47 38 08',
  z: '02 42 06 46',
  '{': '20 11 12 03 14 15 26',
  '|': '00 07',
  '}': '00 11 12 23 14 15 06',
  '~': '03 12 34 43',
};

const GAP = 2;
const SPACE = 2;

/** Whether every character has a glyph: printable ASCII. */
export function isDrawable(text: string): boolean {
  return [...text].every((character) => character in glyphs);
}

function glyphWidth(glyph: string): number {
  return glyph === '' ? SPACE : Math.max(...glyph.split(/[ ,]/).map((point) => Number(point[0])));
}

/** Width of the text when its capitals are `height` high. */
export function textWidth(text: string, height: number): number {
  const widths = [...text].map((character) => glyphWidth(glyphs[character]!) + GAP);
  return (Math.max(0, widths.reduce((sum, width) => sum + width, 0) - GAP) * height) / 6;
}

/** Points of one stroke of the pen; a single point is a dot. */
export type Stroke = readonly (readonly [x: number, y: number])[];

/** The strokes of a text: the top left corner of its capitals at (x, y), its capitals `height` high. */
export function textStrokes(text: string, x: number, y: number, height: number): Stroke[] {
  const unit = height / 6;
  const strokes: Stroke[] = [];
  let left = x;
  for (const character of text) {
    const glyph = glyphs[character]!;
    for (const stroke of glyph === '' ? [] : glyph.split(',')) {
      strokes.push(
        stroke.split(' ').map((point) => [left + Number(point[0]) * unit, y + Number(point[1]) * unit]),
      );
    }
    left += (glyphWidth(glyph) + GAP) * unit;
  }
  return strokes;
}

/** The text as SVG path data: the top left corner of its capitals at (x, y), its capitals `height` high. */
export function textPath(text: string, x: number, y: number, height: number): string {
  const number = (value: number): string => String(Math.round(value * 100) / 100);
  return textStrokes(text, x, y, height)
    .map((stroke) => {
      const points = stroke.map(([px, py]) => `${number(px)} ${number(py)}`);
      // A single point is a dot: a line without length, which round ends make visible.
      return `M${points.length === 1 ? `${points[0]}L${points[0]}` : points.join('L')}`;
    })
    .join('');
}
