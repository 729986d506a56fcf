/** Boxes and labels as an SVG picture of an image's size. */

import type { Tensor } from '@sconce/tensor';
import { type Box, checkBoxes } from './boxes.ts';
import { type Color, defaultColors, hexColor, readableOn } from './color.ts';
import { VisionError } from './errors.ts';
import type { Image } from './image.ts';
import { isDrawable, textPath, textWidth } from './stroke-font.ts';

/** Options of `drawBoundingBoxes`. */
export interface DrawOptions {
  /** One text per box. */
  readonly labels?: readonly string[];
  /** One colour for all boxes, or one per box. By default boxes with the same label share a colour. */
  readonly colors?: Color | readonly Color[];
  /** Thickness of the lines in pixels; by default it grows with the image. */
  readonly width?: number;
  /** Height of the labels' capitals in pixels; by default it grows with the image. */
  readonly labelHeight?: number;
}

const OPERATION = 'drawBoundingBoxes';

/**
 * The SVG source of boxes and labels over an image.
 *
 * @throws {VisionError} when a box, colour or count is not valid
 */
export function boxesSvg(
  image: Pick<Image, 'width' | 'height'>,
  boxes: Tensor | readonly (readonly number[])[],
  options: DrawOptions = {},
): string {
  const rows = checkBoxes(OPERATION, boxes);
  const { labels } = options;
  if (labels && labels.length !== rows.length) {
    throw new VisionError(
      OPERATION,
      `expected as many labels as boxes, got ${labels.length} and ${rows.length}`,
    );
  }
  const colors = boxColors(rows.length, options);
  const side = Math.min(image.width, image.height);
  const width = positive('width', options.width ?? Math.max(1, Math.round(side / 120)));
  const height = positive(
    'labelHeight',
    options.labelHeight ?? Math.min(48, Math.max(8, Math.round(side / 28))),
  );
  const shapes = rows.map((box, i) => rectangle(box, colors[i]!, width));
  const texts = (labels ?? []).map((text, i) => label(text, rows[i]!, colors[i]!, width, height, image));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${image.width}" height="${image.height}">${shapes.join('')}${texts.join('')}</svg>`;
}

function positive(name: string, value: number): number {
  if (!(Number.isFinite(value) && value > 0)) {
    throw new VisionError(OPERATION, `${name} is not valid, expected a positive number, got ${value}`);
  }
  return value;
}

function boxColors(count: number, { colors, labels }: DrawOptions): string[] {
  const isList = Array.isArray(colors) && typeof colors[0] !== 'number';
  if (isList && colors.length !== count) {
    throw new VisionError(OPERATION, `expected as many colours as boxes, got ${colors.length} and ${count}`);
  }
  const kinds = [...new Set(labels?.map(kindOf) ?? [])];
  return Array.from({ length: count }, (_, i) => {
    const kind = labels ? kinds.indexOf(kindOf(labels[i]!)) : 0;
    const color = isList ? colors[i] : (colors ?? defaultColors[kind % defaultColors.length]);
    return hexColor(OPERATION, color as Color);
  });
}

/** `cat 0.97` and `cat 0.41` are of one kind. */
function kindOf(text: string): string {
  return text.replace(/[\s:]*[\d.]+%?$/, '');
}

/** The outline lies inside the box, so that boxes at the image's edge are seen. */
function rectangle([x1, y1, x2, y2]: Box, color: string, width: number): string {
  const [boxWidth, boxHeight] = [Math.max(0, x2 - x1 - width), Math.max(0, y2 - y1 - width)];
  const place = `x="${x1 + width / 2}" y="${y1 + width / 2}" width="${boxWidth}" height="${boxHeight}"`;
  return `<rect ${place} fill="none" stroke="${color}" stroke-width="${width}"/>`;
}

/** A label stands on its box's upper edge, or hangs from it where there is no room above. */
function label(
  text: string,
  [x1, y1]: Box,
  color: string,
  width: number,
  height: number,
  image: Pick<Image, 'width'>,
): string {
  if (text === '') return '';
  const margin = height / 2;
  const drawable = isDrawable(text);
  // Without the font's measures a character takes at most about its height.
  const textLength = drawable ? textWidth(text, height) : [...text].length * height;
  const labelWidth = textLength + 2 * margin;
  // Capitals are 6 units high; strokes reach 2 units below the baseline.
  const labelHeight = (height * 8) / 6 + margin;
  const x = Math.max(0, Math.min(x1, image.width - labelWidth));
  const y = y1 >= labelHeight ? y1 - labelHeight : Math.max(0, y1 + width);
  const ink = readableOn(color);
  const background = `<rect x="${x}" y="${y}" width="${labelWidth}" height="${labelHeight}" fill="${color}"/>`;
  const top = y + margin * 0.75;
  if (drawable) {
    const style = `fill="none" stroke="${ink}" stroke-width="${height / 6}" stroke-linecap="round" stroke-linejoin="round"`;
    return `${background}<path d="${textPath(text, x + margin, top, height)}" ${style}/>`;
  }
  const place = `x="${x + margin}" y="${top + height}" textLength="${textLength}" font-size="${height * 1.4}"`;
  return `${background}<text ${place} font-family="sans-serif" fill="${ink}">${escapeXml(text)}</text>`;
}

function escapeXml(text: string): string {
  // Control characters are not allowed in XML at all.
  return text
    .replace(/\p{Cc}/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
