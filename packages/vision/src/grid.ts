/** Small pictures side by side under a title: what pictures of kernels and of feature maps are made of. */
import { createImage, type Image } from './image.ts';
import { isDrawable, textStrokes, textWidth } from './stroke-font.ts';

/** A picture to be shown in a grid, RGB. */
export interface Tile {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of each pixel. */
  readonly pixels: Uint8Array;
}

/** How a grid is laid out. */
export interface GridLayout {
  readonly columns: number;
  /** Pixels of the picture for one pixel of a tile. */
  readonly scale: number;
  readonly title: string;
}

type Rgb = readonly [number, number, number];
const background: Rgb = [24, 26, 31];
const ink: Rgb = [222, 226, 233];
const MARGIN = 8;
const TITLE = 10;

/** Draws tiles of one size, row by row, with a title above. */
export function drawGrid(tiles: readonly Tile[], layout: GridLayout): Image {
  const { columns, scale } = layout;
  const title = isDrawable(layout.title) ? layout.title : '';
  const gap = Math.min(4, Math.max(2, Math.round(scale / 2)));
  const tileWidth = (tiles[0]?.width ?? 1) * scale;
  const tileHeight = (tiles[0]?.height ?? 1) * scale;
  const rows = Math.ceil(tiles.length / columns);
  const top = title === '' ? MARGIN : 2 * MARGIN + TITLE;
  const inner = Math.max(columns * (tileWidth + gap) - gap, Math.ceil(textWidth(title, TITLE)));
  const width = inner + 2 * MARGIN;
  const height = top + rows * (tileHeight + gap) - gap + MARGIN;
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i += 3) data.set(background, i);
  for (const [i, tile] of tiles.entries()) {
    const left = MARGIN + (i % columns) * (tileWidth + gap);
    const y0 = top + Math.floor(i / columns) * (tileHeight + gap);
    for (let y = 0; y < tileHeight; y++) {
      for (let x = 0; x < tileWidth; x++) {
        const from = (Math.floor(y / scale) * tile.width + Math.floor(x / scale)) * 3;
        data.set(tile.pixels.subarray(from, from + 3), ((y0 + y) * width + left + x) * 3);
      }
    }
  }
  const picture = createImage(width, height, 3, data);
  drawTitle(picture, title, MARGIN, MARGIN);
  return picture;
}

/** Draws strokes a pixel and a half thick, with soft edges. */
function drawTitle(picture: Image, title: string, x: number, y: number): void {
  const { width, height, data } = picture;
  for (const stroke of textStrokes(title, x, y, TITLE)) {
    for (let i = 0; i < Math.max(1, stroke.length - 1); i++) {
      const [ax, ay] = stroke[i]!;
      const [bx, by] = stroke[i + 1] ?? stroke[i]!;
      const reach = 2;
      for (let py = Math.floor(Math.min(ay, by) - reach); py <= Math.max(ay, by) + reach; py++) {
        for (let px = Math.floor(Math.min(ax, bx) - reach); px <= Math.max(ax, bx) + reach; px++) {
          if (px < 0 || py < 0 || px >= width || py >= height) continue;
          const cover = Math.min(1, Math.max(0, 1.25 - distance(px, py, ax, ay, bx, by)));
          const at = (py * width + px) * 3;
          for (let c = 0; c < 3; c++) {
            const wanted = Math.round(background[c]! + (ink[c]! - background[c]!) * cover);
            data[at + c] = Math.max(data[at + c]!, wanted);
          }
        }
      }
    }
  }
}

/** From a point to a line between two others. */
function distance(px: number, py: number, ax: number, ay: number, bx: number, by: number): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((px - ax) * dx + (py - ay) * dy) / length));
  return Math.hypot(px - ax - t * dx, py - ay - t * dy);
}

/** The largest whole scale at which tiles of a side come near a wanted size. */
export function scaleFor(side: number, wanted: number): number {
  return Math.max(1, Math.round(wanted / side));
}

/** Columns that make a grid of tiles about as wide as high. */
export function squareColumns(count: number, width: number, height: number): number {
  return Math.max(1, Math.min(count, Math.ceil(Math.sqrt((count * height) / width))));
}
