/** Exporters of operators that pick, repeat or surround elements. */
import type { Tensor } from '@sconce/tensor';
import { flag, int, string } from '../attribute-values.ts';
import { withBatch } from './convolution.ts';
import type { ExportCall, Exporters } from './export-call.ts';

/** ONNX's name of each padding mode. */
const padModes = { constant: 'constant', reflect: 'reflect', replicate: 'edge', circular: 'wrap' } as const;

function pad(
  call: ExportCall,
  x: Tensor,
  pads: readonly number[],
  { mode, value }: { mode: keyof typeof padModes; value: number | null },
): string {
  if (mode === 'circular' && call.opset < 19)
    call.fail(`circular padding: expected opset 19 or newer, got ${call.opset}`);
  const begins = x.shape.map(() => 0);
  const ends = x.shape.map(() => 0);
  // PyTorch lists pairs from the last dimension on.
  for (let pair = 0; pair * 2 < pads.length; pair++) {
    begins[x.ndim - 1 - pair] = pads[2 * pair]!;
    ends[x.ndim - 1 - pair] = pads[2 * pair + 1]!;
  }
  const inputs = [call.value(x), call.int64([...begins, ...ends], 'pads')];
  if (mode === 'constant') inputs.push(call.scalar(value ?? 0, x.dtype));
  return call.node('Pad', inputs, { mode: string(padModes[mode]) });
}

/** Walks backwards along the dimensions. */
function flip(call: ExportCall, x: Tensor, dims: readonly number[]): string {
  if (dims.length === 0) return call.node('Identity', [call.value(x)]);
  const each = (value: number, hint: string): string =>
    call.int64(
      dims.map(() => value),
      hint,
    );
  return call.node('Slice', [
    call.value(x),
    each(-1, 'starts'),
    each(-Number.MAX_SAFE_INTEGER, 'ends'),
    call.int64(dims, 'axes'),
    each(-1, 'steps'),
  ]);
}

function repeat(call: ExportCall, x: Tensor, repeats: readonly number[]): string {
  const added = repeats.length - x.ndim;
  const counts = added < 0 ? [...new Array<number>(-added).fill(1), ...repeats] : repeats;
  const axes = Array.from({ length: Math.max(added, 0) }, (_, axis) => axis);
  const value =
    axes.length === 0 ? call.value(x) : call.node('Unsqueeze', [call.value(x), call.int64(axes, 'axes')]);
  return call.node('Tile', [value, call.int64(counts, 'repeats')]);
}

export const indexing: Exporters = {
  pad,
  flip,
  repeat,
  tile: repeat,
  indexSelect: (call, x: Tensor, dim: number, index: Tensor) =>
    call.node('Gather', [call.value(x), call.value(index)], { axis: int(dim) }),
  gather: (call, x: Tensor, dim: number, index: Tensor) =>
    call.node('GatherElements', [call.value(x), call.value(index)], { axis: int(dim) }),
  topk: (
    call,
    x: Tensor,
    k: number,
    { dim, largest, sorted }: { dim: number; largest: boolean; sorted: boolean },
  ) =>
    call.nodes(
      'TopK',
      [call.value(x), call.int64([k], 'k')],
      { axis: int(dim), largest: flag(largest), sorted: flag(sorted) },
      2,
    ),
  cumsum: (call, x: Tensor, dim: number) =>
    call.node('CumSum', [call.operand(x, call.result.dtype), call.scalar(BigInt(dim), 'int64')]),
  pixelShuffle: (call, x: Tensor, factor: number) => {
    if (x.ndim !== 3 && x.ndim !== 4)
      call.fail(`expected 3 or 4 dimensions, got shape [${x.shape.join(', ')}]`);
    return withBatch(call, x, 4, (value) =>
      call.node('DepthToSpace', [value], { blocksize: int(factor), mode: string('CRD') }),
    );
  },
};
