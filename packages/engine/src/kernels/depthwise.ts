// Depthwise convolution, direct: each output channel reads one input channel, so a matrix product would be all
// packing.

import { inout, input, integer, output, scalar } from '@sconce/codegen';
import { executor, withScratch } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { floatsOf, nothing, part, type Region } from '../runtime/region.ts';
import { forkRanges, productTime } from '../threads/split.ts';
import type { Activation, ConvolutionShape } from '../types.ts';
import { type ActivationKind, activate, activationBounds, activationKind } from './activation.ts';
import { copyPlane, paddedPlane } from './padded-plane.ts';
import { slideWindow, UNROLLED_ROWS, type WindowSpec } from './window.ts';

/** What a depthwise kernel is recorded for. */
interface DepthwiseSpec extends WindowSpec {
  readonly bias: boolean;
  readonly activation: ActivationKind;
}

/** Weights of windows up to this many taps are held in variables over a whole plane. */
const HELD_TAPS = 9;

/** All channels of one image: each is copied into the padded plane, whose border is zero, and convolved there. */
const depthwiseKernel = family(
  'depthwise',
  {
    x: input('f32'),
    plane: inout('f32'),
    w: input('f32'),
    bias: input('f32'),
    y: output('f32'),
    channels: integer(),
    multiplier: integer(),
    inHeight: integer(),
    inWidth: integer(),
    pitch: integer(),
    origin: integer(),
    outHeight: integer(),
    outWidth: integer(),
    rowStep: integer(),
    tapStep: integer(),
    min: scalar('f32'),
    max: scalar('f32'),
  },
  (k, spec: DepthwiseSpec) => {
    const [rows, columns] = spec.kernel;
    const [x, w, bias, y] = [k.pointer('x'), k.pointer('w'), k.pointer('bias'), k.pointer('y')];
    const plane = k.pointer('plane');
    const inside = k.variable(plane);
    k.advance(inside, k.integer('origin'));
    const copy = { height: k.integer('inHeight'), width: k.integer('inWidth'), pitch: k.integer('pitch') };
    const extent = { outHeight: k.integer('outHeight'), outWidth: k.integer('outWidth') };
    const steps = { rowStep: k.integer('rowStep'), tapStep: k.integer('tapStep') };
    const bounds = { min: k.scalar('min'), max: k.scalar('max') };
    const multiplier = k.integer('multiplier');
    const held = rows * columns <= HELD_TAPS && rows <= UNROLLED_ROWS;

    k.loop(k.integer('channels'), () => {
      copyPlane(k, { from: x, to: inside, ...copy });
      k.loop(multiplier, () => {
        const weights = held ? Array.from({ length: rows * columns }, (_, i) => k.broadcast(w, i)) : [];
        const shift = spec.bias ? k.broadcast(bias) : undefined;
        slideWindow(
          k,
          spec,
          { plane, to: y, ...extent, ...steps },
          {
            start: () => k.zero('f32'),
            tap: (r, s, row) => {
              if (held) return weights[r * columns + s]!;
              if (row === undefined) return k.broadcast(w, r * columns + s);
              const at = k.variable(w);
              k.advance(at, k.mul(row, columns));
              return k.broadcast(at, s);
            },
            fold: (sum, image, weight) => k.accumulate(sum, image, weight!),
            finish: (sum, at, offset, count) => {
              const shifted = shift === undefined ? sum : k.add(sum, shift);
              const value = activate(k, spec.activation, shifted, bounds);
              if (count === undefined) k.store(value, at, offset);
              else k.storePartial(value, at, offset, count);
            },
          },
        );
        k.advance(w, rows * columns);
        if (spec.bias) k.advance(bias, 1);
      });
    });
  },
);

/** Convolves all images of a depthwise convolution; groups equal input channels. */
export function depthwise(
  p: ConvolutionShape & { activation?: Activation | undefined },
  operands: { x: Region; w: Region; bias: Region | undefined; y: Region },
): void {
  const current = executor();
  const padded = paddedPlane(p, current.target.lanes('f32'));
  const kernel = depthwiseKernel({
    kernel: [p.kernel[0], p.kernel[1]],
    strideX: p.stride[1],
    dilationX: p.dilation[1],
    bias: operands.bias !== undefined,
    activation: activationKind(p.activation),
  });
  const inPlane = p.inHeight * p.inWidth;
  const outPlane = p.outHeight * p.outWidth;
  const multiplier = p.outChannels / p.inChannels;
  const taps = p.kernel[0] * p.kernel[1];
  const planes = p.batch * p.inChannels;
  // Far from the peak of multiply-adds: what the window loads counts.
  const time = 4 * productTime(p.batch * p.outChannels * outPlane * taps);
  const somePlanes = (start: number, length: number): void =>
    withScratch(padded.elements, (plane) => {
      floatsOf(plane).fill(0);
      for (let at = start; at < start + length; ) {
        const channel = at % p.inChannels;
        const channels = Math.min(p.inChannels - channel, start + length - at);
        current.launch(kernel, {
          x: part(operands.x, at * inPlane, channels * inPlane),
          plane,
          w: part(operands.w, channel * multiplier * taps, channels * multiplier * taps),
          bias: operands.bias ? part(operands.bias, channel * multiplier, channels * multiplier) : nothing,
          y: part(operands.y, at * multiplier * outPlane, channels * multiplier * outPlane),
          channels,
          multiplier,
          inHeight: p.inHeight,
          inWidth: p.inWidth,
          pitch: padded.pitch,
          origin: p.padding[0] * padded.pitch + p.padding[2],
          outHeight: p.outHeight,
          outWidth: p.outWidth,
          rowStep: p.stride[0] * padded.pitch,
          tapStep: p.dilation[0] * padded.pitch,
          ...activationBounds(p.activation),
        });
        at += channels;
      }
    });
  forkRanges(planes, time, somePlanes);
}
