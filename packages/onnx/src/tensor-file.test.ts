import { encodeTensor } from '@sconce/onnx-proto';
import { tensor } from '@sconce/tensor';
import { expect, test } from 'vitest';
import { OnnxError } from './errors.ts';
import { readTensorProto } from './tensor-file.ts';
import { tensorToProto } from './tensor-proto.ts';

test('a serialized tensor comes back', () => {
  const x = tensor([
    [1, 2.5],
    [-3, Number.NaN],
  ]);
  const read = readTensorProto(encodeTensor(tensorToProto(x, 'x')));
  expect([read.dtype, read.shape, read.tolist()]).toEqual(['float32', [2, 2], x.tolist()]);
});

test('bytes that are no tensor are refused with the name of the file', () => {
  expect(() => readTensorProto(new Uint8Array([0x0a, 0xff, 0xff]), { file: 'x.pb' })).toThrow(OnnxError);
  expect(() => readTensorProto(new Uint8Array([0x0a, 0xff, 0xff]), { file: 'x.pb' })).toThrow(
    /^x\.pb: expected an ONNX tensor/,
  );
});

test('data that do not fill the shape are refused', () => {
  const short = encodeTensor({ dims: [4], dataType: 1, name: 'x', rawData: new Uint8Array(8) });
  expect(() => readTensorProto(short)).toThrow('tensor x: expected 16 bytes of data for float32[4], got 8');
});
