// Images made larger and smaller.

import { type ResizeTaps, resize } from '@sconce/engine';
import { type KernelCase, kernelCase } from './case.ts';

/** Channels, the extent before and after, and where it occurs. */
const rows: readonly (readonly [
  mode: 'nearest' | 'linear',
  channels: number,
  from: number,
  to: number,
  where: string,
])[] = [
  ['nearest', 256, 28, 56, 'feature pyramid'],
  ['linear', 256, 28, 56, 'segmentation head'],
  ['linear', 21, 28, 224, 'segmentation result'],
  ['linear', 3, 448, 224, 'image'],
];

/** ONNX's `asymmetric` with `floor` for the nearest place, `half_pixel` for the linear mixture. */
function taps(mode: 'nearest' | 'linear', from: number, to: number): ResizeTaps {
  const places = Array.from({ length: to }, (_, i) =>
    mode === 'nearest'
      ? Math.floor((i * from) / to)
      : Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5)),
  );
  const near = Int32Array.from(places, Math.floor);
  return {
    near,
    far: near.map((place) => Math.min(from - 1, place + 1)),
    weight: Float32Array.from(places, (place, i) => place - near[i]!),
  };
}

/** Resizing of square images. */
export const resizes: readonly KernelCase[] = rows.map(([mode, channels, from, to, where]) => {
  const output = [1, channels, to, to];
  return kernelCase({
    name: `resize ${mode} ${channels}@${from} to ${to} (${where})`,
    group: 'resize',
    note: 'one call',
    operands: { x: { shape: [1, channels, from, from] } },
    output,
    nodes: [
      {
        op: 'Resize',
        inputs: ['x', '', '', 'sizes'],
        output: 'y',
        attributes: {
          mode: { string: mode },
          coordinate_transformation_mode: { string: mode === 'nearest' ? 'asymmetric' : 'half_pixel' },
          nearest_mode: { string: 'floor' },
        },
      },
    ],
    indices: { sizes: output },
    prepare: ({ x, y }) => {
      const along = taps(mode, from, to);
      const call = {
        mode,
        x,
        y,
        planes: channels,
        inHeight: from,
        inWidth: from,
        rows: along,
        columns: along,
      };
      return () => resize(call);
    },
  });
});
