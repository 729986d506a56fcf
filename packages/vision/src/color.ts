/** Colours for drawing. */
import { VisionError } from './errors.ts';

/** `#rgb`, `#rrggbb`, one of a few names, or `[red, green, blue]` from 0 to 255. */
export type Color = string | readonly [red: number, green: number, blue: number];

const names: Readonly<Record<string, string>> = {
  black: '#000000',
  white: '#ffffff',
  gray: '#808080',
  red: '#ff0000',
  lime: '#00ff00',
  green: '#008000',
  blue: '#0000ff',
  yellow: '#ffff00',
  cyan: '#00ffff',
  magenta: '#ff00ff',
  orange: '#ffa500',
};

/** Colours that tell neighbours apart, after Okabe and Ito's palette for colour-blind readers, the brightest first. */
export const defaultColors: readonly Color[] = [
  '#f0e442',
  '#56b4e9',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#d55e00',
  '#0072b2',
];

/**
 * The colour as `#rrggbb`.
 *
 * @throws {VisionError} when it is none
 */
export function hexColor(operation: string, color: Color): string {
  if (typeof color !== 'string') {
    if (color.length === 3 && color.every((value) => Number.isInteger(value) && value >= 0 && value <= 255)) {
      return `#${color.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
    }
  } else if (/^#[\da-f]{6}$/i.test(color)) return color.toLowerCase();
  else if (/^#[\da-f]{3}$/i.test(color))
    return `#${[...color.slice(1)].map((digit) => digit + digit).join('')}`;
  else if (Object.hasOwn(names, color.toLowerCase())) return names[color.toLowerCase()]!;
  const expected = `#rrggbb, [red, green, blue] or one of ${Object.keys(names).join(' ')}`;
  throw new VisionError(operation, `expected a colour ${expected}, got ${JSON.stringify(color)}`);
}

/** Black or white, whichever is readable on a colour given as `#rrggbb`. */
export function readableOn(hex: string): string {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as [
    number,
    number,
    number,
  ];
  return 0.299 * red + 0.587 * green + 0.114 * blue > 128 ? '#000000' : '#ffffff';
}
