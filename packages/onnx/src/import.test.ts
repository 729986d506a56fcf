/** Model files that are wrong are refused with everything that is wrong, and odd but valid ones are read. */

import { GraphError, GraphSession } from '@sconce/graph';
import {
  AttributeType,
  DataType,
  type Encodable,
  encodeModel,
  type GraphProto,
  type ModelProto,
} from '@sconce/onnx-proto';
import { tensor } from '@sconce/tensor';
import { fixtureBytes, fixtureUrl } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import { OnnxError } from './errors.ts';
import { importOnnx } from './import.ts';
import { InferenceSession } from './session.ts';

const shape = (...sizes: number[]) => ({ dim: sizes.map((dimValue) => ({ dimValue })) });
const floats = (name: string, ...sizes: number[]) => ({
  name,
  type: { tensorType: { elemType: DataType.FLOAT, shape: shape(...sizes) } },
});

function model(graph: Encodable<GraphProto>, opset = 17, rest: Encodable<ModelProto> = {}): Uint8Array {
  return encodeModel({
    irVersion: 8,
    opsetImport: [{ domain: '', version: opset }],
    graph: { name: 'test', input: [floats('x', 2)], output: [floats('y', 2)], ...graph },
    ...rest,
  });
}

/** The problems of a file that must be refused. */
function problemsOf(bytes: Uint8Array, file?: string): readonly string[] {
  try {
    importOnnx(bytes, file === undefined ? {} : { file });
  } catch (error) {
    expect(error).toBeInstanceOf(OnnxError);
    return (error as OnnxError).problems;
  }
  throw new Error('expected the model to be refused');
}

const hostile: readonly (readonly [string, readonly (string | RegExp)[]])[] = [
  [
    'unknown-operator.onnx',
    [/^operator .* is not supported \(node: first\)$/, /^operator .* is not supported \(node: second\)$/],
  ],
  ['cycle.onnx', [/^the graph has a cycle \(nodes: one, two\)$/]],
  ['missing-value.onnx', ["Node add (Add): input 1 'weight' is not defined anywhere"]],
  ['made-twice.onnx', [/^Node .*: value 'output' is defined twice$/]],
  ['short-raw-data.onnx', [/^initializer 'weight': expected 24 bytes of data for float32\[.*\], got 20$/]],
  ['huge-dims.onnx', [/^initializer 'weight': expected sizes/]],
  ['negative-dim.onnx', [/^initializer 'weight': expected sizes of at least 0/]],
  ['unknown-data-type.onnx', ["initializer 'weight': data type 99 is not supported"]],
  [
    'external-outside.onnx',
    [/^initializer 'weight': external data: expected a location inside the model's folder, got/],
  ],
  ['wrong-attribute.onnx', [/^Node .* \(Conv\): attribute 'strides': expected integers, got a string$/]],
  ['future-opset.onnx', ['opset: expected 9 to 28, got 999']],
  ['no-graph.onnx', [/^not a readable ONNX model: /]],
  ['truncated.onnx', [/^not a readable ONNX model: /]],
  ['not-onnx.onnx', [/^not a readable ONNX model: /]],
  ['empty.onnx', [/^not a readable ONNX model: .*empty/]],
];

describe('hostile files', () => {
  test.each(hostile)('%s is refused with what is wrong', (file, expected) => {
    const problems = problemsOf(fixtureBytes(`hostile/${file}`), file);
    expect(problems.length).toBe(expected.length);
    for (const pattern of expected)
      expect(problems).toContainEqual(typeof pattern === 'string' ? pattern : expect.stringMatching(pattern));
  });

  test('the error names the file', () => {
    expect(() => importOnnx(fixtureBytes('hostile/empty.onnx'), { file: 'empty.onnx' })).toThrow(
      /^empty\.onnx: not a readable/,
    );
  });

  test('a file that is not there, a folder', async () => {
    await expect(InferenceSession.create('/no/such/model.onnx')).rejects.toThrow(
      '/no/such/model.onnx: cannot read the file: it does not exist',
    );
    await expect(InferenceSession.create(fixtureUrl('hostile'))).rejects.toThrow(
      'cannot read the file: it is a folder',
    );
  });
});

describe('invalid models', () => {
  test('all problems come at once', () => {
    const bytes = model({
      node: [
        {
          name: 'a',
          opType: 'Relu',
          input: ['x', 'x'],
          output: ['h'],
          attribute: [{ name: 'what', type: AttributeType.INT, i: 1 }],
        },
        { name: 'b', opType: 'Lstm', input: ['h'], output: ['g'] },
        { name: 'c', opType: 'Lstm', input: ['g'], output: ['i'] },
        { name: 'd', opType: 'Add', domain: 'my', input: ['i', 'nowhere'], output: ['y'] },
      ],
    });
    expect(problemsOf(bytes)).toEqual([
      "Node d (my::Add): the model states no version of domain 'my'",
      "Node d (my::Add): input 1 'nowhere' is not defined anywhere",
      'Node a (Relu): expected 1 inputs, got 2',
      "Node a (Relu): attribute 'what': the operator has no such attribute",
      'operator Lstm (domain ai.onnx, opset 17) is not supported (nodes: b, c)',
      'operator Add (domain my, opset not stated) is not supported (node: d)',
    ]);
  });

  test('missing outputs, duplicate names and subgraphs', () => {
    const bytes = model({
      node: [
        { name: 'a', opType: 'Relu', input: ['x'], output: ['h'] },
        {
          name: 'a',
          opType: 'Relu',
          input: ['x'],
          output: ['g'],
          attribute: [{ name: 'body', type: AttributeType.GRAPH, g: { name: 'b' } }],
        },
      ],
    });
    expect(problemsOf(bytes)).toEqual([
      "Node a (Relu): attribute 'body': attributes of kind graph are not supported",
      'Node a (Relu): another node has this name',
      "graph output 'y' is not defined anywhere",
    ]);
  });

  test('what only the number of dimensions shows', () => {
    const weight = {
      name: 'w',
      dataType: DataType.FLOAT,
      dims: [1, 1, 3, 3],
      floatData: new Float32Array(9),
    };
    const pads = { name: 'pads', type: AttributeType.INTS, ints: [1, 1, 1] };
    const bytes = model({
      initializer: [weight],
      node: [{ name: 'conv', opType: 'Conv', input: ['x', 'w'], output: ['y'], attribute: [pads] }],
    });
    expect(problemsOf(bytes)).toEqual(["Node conv (Conv): attribute 'pads': expected 4 integers, got 3"]);
  });

  test('sequences, maps and versions out of range', () => {
    const relu = { name: 'a', opType: 'Relu', input: ['x'], output: ['y'] };
    const sequence = { name: 's', type: { sequenceType: { elemType: {} } } };
    expect(problemsOf(model({ node: [relu], input: [floats('x', 2), sequence] }))).toEqual([
      "input 's': sequences are not supported",
    ]);
    expect(problemsOf(model({ node: [relu] }, 8))).toEqual(['opset: expected 9 to 28, got 8']);
    expect(problemsOf(model({ node: [relu] }, 17, { irVersion: 99 }))).toEqual([
      'IR version: expected 1 to 14, got 99',
    ]);
    expect(problemsOf(model({ node: [relu] }, 17, { opsetImport: [] }))).toEqual([
      'the model states no version of the default operator set',
    ]);
  });

  test('a model-local function is named as one', () => {
    const bytes = model(
      { node: [{ name: 'f', opType: 'Twice', domain: 'my', input: ['x'], output: ['y'] }] },
      17,
      {
        opsetImport: [
          { domain: '', version: 17 },
          { domain: 'my', version: 1 },
        ],
        functions: [{ name: 'Twice', domain: 'my' }],
      },
    );
    expect(problemsOf(bytes)).toEqual([
      'model-local function Twice (domain my, opset 1) is not supported (node: f)',
    ]);
  });
});

describe('valid models', () => {
  test('initializers that are also inputs (IR 3) are constants', async () => {
    const bytes = model(
      {
        input: [floats('x', 2), floats('w', 2)],
        initializer: [{ name: 'w', dataType: DataType.FLOAT, dims: [2], floatData: Float32Array.of(10, 20) }],
        node: [{ opType: 'Add', input: ['x', 'w'], output: ['y'] }],
      },
      9,
      { irVersion: 3 },
    );
    const session = await InferenceSession.create(bytes);
    expect(session.inputNames).toEqual(['x']);
    expect((await session.run({ x: tensor([1, 2]) }))['y']!.tolist()).toEqual([11, 22]);
  });

  test('initializers of every data type are read from raw and typed data', () => {
    const of = (name: string, dataType: number, data: object) => ({ name, dataType, dims: [2], ...data });
    const raw = (array: ArrayBufferView): object => ({ rawData: new Uint8Array(array.buffer) });
    const graph = importOnnx(
      model({
        initializer: [
          of('f32', DataType.FLOAT, raw(Float32Array.of(1.5, -2))),
          of('f64', DataType.DOUBLE, { doubleData: Float64Array.of(1.5, -2) }),
          of('i8', DataType.INT8, { int32Data: Int32Array.of(1, -2) }),
          of('u8', DataType.UINT8, raw(Uint8Array.of(1, 254))),
          of('i16', DataType.INT16, { int32Data: Int32Array.of(1, -2) }),
          of('i32', DataType.INT32, { int32Data: Int32Array.of(1, -2) }),
          of('i64', DataType.INT64, { int64Data: BigInt64Array.of(1n, -2n) }),
          of('bool', DataType.BOOL, { int32Data: Int32Array.of(1, 0) }),
          of('f16', DataType.FLOAT16, { int32Data: Int32Array.of(0x3e00, 0xc000) }),
          of('bf16', DataType.BFLOAT16, raw(Uint16Array.of(0x3fc0, 0xc000))),
        ],
        node: [{ opType: 'Relu', input: ['x'], output: ['y'] }],
      }),
    );
    expect([...graph.initializers].map(([name, value]) => [name, value.dtype, value.tolist()])).toEqual([
      ['f32', 'float32', [1.5, -2]],
      ['f64', 'float64', [1.5, -2]],
      ['i8', 'int8', [1, -2]],
      ['u8', 'uint8', [1, 254]],
      ['i16', 'int16', [1, -2]],
      ['i32', 'int32', [1, -2]],
      ['i64', 'int64', [1, -2]],
      ['bool', 'bool', [true, false]],
      ['f16', 'float16', [1.5, -2]],
      ['bf16', 'bfloat16', [1.5, -2]],
    ]);
  });

  test('constants in every form become tensors', () => {
    const forms = [
      { name: 'value_float', type: AttributeType.FLOAT, f: 0.5 },
      { name: 'value_int', type: AttributeType.INT, i: 3 },
      { name: 'value_floats', type: AttributeType.FLOATS, floats: [1, 2] },
      { name: 'value_ints', type: AttributeType.INTS, ints: [4, 5] },
      {
        name: 'value',
        type: AttributeType.TENSOR,
        t: { dataType: DataType.FLOAT, dims: [], floatData: Float32Array.of(7) },
      },
    ];
    const graph = importOnnx(
      model({
        node: forms.map((form) => ({ opType: 'Constant', output: [form.name], attribute: [form] })),
        output: forms.map(({ name }) => ({ name })),
      }),
    );
    const values = new GraphSession(graph).runSync({ x: tensor([0, 0]) });
    expect(Object.values(values).map((value) => [value.dtype, value.tolist()])).toEqual([
      ['float32', 0.5],
      ['int64', 3],
      ['float32', [1, 2]],
      ['int64', [4, 5]],
      ['float32', 7],
    ]);
  });

  test('nodes in any order, without names, in the default domain by its long name', () => {
    const graph = importOnnx(
      model({
        node: [
          { opType: 'Neg', input: ['h'], output: ['y'] },
          { opType: 'Relu', domain: 'ai.onnx', input: ['x'], output: ['h'] },
        ],
      }),
    );
    expect(graph.nodes.map(({ name, domain }) => [name, domain])).toEqual([
      ['node_y', ''],
      ['node_h', ''],
    ]);
    expect(new GraphSession(graph).runSync({ x: tensor([-1, 2]) })['y']!.tolist()).toEqual([-0, -2]);
  });

  test('external data come from the caller, and only from inside the folder', () => {
    const external = (location: string, length = '8') => ({
      name: 'w',
      dataType: DataType.FLOAT,
      dims: [2],
      dataLocation: 1,
      externalData: [
        { key: 'location', value: location },
        { key: 'offset', value: '4' },
        { key: 'length', value: length },
      ],
    });
    const bytes = (location: string, length?: string) =>
      model({
        initializer: [external(location, length)],
        node: [{ opType: 'Add', input: ['x', 'w'], output: ['y'] }],
      });
    const externalData = (location: string) =>
      location === 'w.data' ? new Uint8Array(Float32Array.of(0, 3, 4).buffer) : undefined;
    const refused = (file: Uint8Array) => () => importOnnx(file, { externalData });
    expect(importOnnx(bytes('w.data'), { externalData }).initializers.get('w')!.tolist()).toEqual([3, 4]);
    expect(refused(bytes('v.data'))).toThrow(
      "initializer 'w': external data: there is no file 'v.data' beside the model",
    );
    expect(refused(bytes('w.data', '12'))).toThrow("expected 16 bytes in 'w.data', got 12");
    expect(problemsOf(bytes('w.data'))[0]).toContain("data lie in the external file 'w.data'");
    for (const location of ['../w.data', '/w.data', 'a/../../w.data', 'C:\\w.data', ''])
      expect(refused(bytes(location))).toThrow('expected a location inside the model');
  });

  test('wrong feeds are refused with what was expected', async () => {
    const session = await InferenceSession.create(
      model({ node: [{ opType: 'Relu', input: ['x'], output: ['y'] }] }),
    );
    await expect(session.run({})).rejects.toThrow(
      new GraphError({ message: "run: input 'x' is missing, expected float32[2]" }),
    );
    await expect(session.run({ x: tensor([1n, 2n]) })).rejects.toThrow(
      "run: input 'x': expected float32[2], got int64[2]",
    );
    await expect(session.run({ x: tensor([1, 2]), z: tensor([1]) })).rejects.toThrow(
      "run: unknown input 'z', expected 'x'",
    );
  });
});
