import { add, manualSeed, ones, rand, randn, type Tensor, tensor, zeros } from '@sconce/tensor';
import { afterEach, describe, expect, test } from 'vitest';
import { attribute } from './attributes.ts';
import { GraphBuilder } from './builder.ts';
import { GraphError } from './errors.ts';
import { type OperatorDefinition, OperatorTable } from './operator.ts';
import { operators, registerOperator } from './operators/index.ts';
import { GraphSession, type NodeProfile } from './session.ts';

/** relu(x @ w) + x @ w, with a reshape of the product in between. */
function example(): GraphBuilder {
  const builder = new GraphBuilder();
  const x = builder.input('x', 'float32', ['N', 2]);
  const w = builder.initializer(
    'w',
    tensor([
      [1, -1],
      [2, 1],
    ]),
  );
  const product = builder.node('MatMul', [x, w], { outputs: ['product'] });
  const shape = builder.initializer('shape', tensor([0n, 2n]));
  const view = builder.node('Reshape', [product, shape], { outputs: ['view'] });
  const positive = builder.node('Relu', [view], { outputs: ['positive'] });
  builder.output(builder.node('Add', [positive, product], { outputs: ['y'] }), 'float32', ['N', 2]);
  return builder;
}

describe('runs', () => {
  test('give the outputs, in both ways of running', async () => {
    const session = new GraphSession(example().graph);
    const x = tensor([
      [1, 0],
      [-1, 1],
    ]);
    expect(session.runSync({ x })['y']!.tolist()).toEqual([
      [2, -1],
      [2, 4],
    ]);
    expect((await session.run({ x }))['y']!.tolist()).toEqual([
      [2, -1],
      [2, 4],
    ]);
  });

  test('fetch inner values, inputs and constants, and compute only what they need', () => {
    const seen: string[] = [];
    const session = new GraphSession(example().graph, { profile: ({ node }) => seen.push(node) });
    const { product, w, x } = session.runSync({ x: ones([1, 2]) }, ['product', 'w', 'x']);
    expect([product!.tolist(), w!.tolist(), x!.tolist()]).toEqual([
      [[3, 0]],
      [
        [1, -1],
        [2, 1],
      ],
      [[1, 1]],
    ]);
    expect(seen).toEqual(['node_product']);
    expect(() => session.runSync({ x: ones([1, 2]) }, ['q'])).toThrow(
      "run: the graph has no value 'q' to fetch",
    );
  });

  test('are independent of each other when they overlap', async () => {
    manualSeed(0);
    const session = new GraphSession(example().graph);
    const feeds = Array.from({ length: 8 }, () => randn([3, 2]));
    const expected = feeds.map((x) => session.runSync({ x })['y']!.tolist());
    const results = await Promise.all(feeds.map((x) => session.run({ x })));
    expect(results.map(({ y }) => y!.tolist())).toEqual(expected);
  });

  test('let timers through while they go on', async () => {
    const builder = new GraphBuilder();
    let value = builder.input('x', 'float32', [128, 128]);
    for (let index = 0; index < 3000; index++) value = builder.node('MatMul', [value, value]);
    builder.output(value, 'float32');
    const session = new GraphSession(builder.graph);
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await session.run({ x: zeros([128, 128]) });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });

  test('stop at a signal', async () => {
    const session = new GraphSession(example().graph);
    const feeds = { x: ones([1, 2]) };
    await expect(
      session.run(feeds, undefined, { signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough');
  });

  test('report every node with its time and shapes', () => {
    const profiles: NodeProfile[] = [];
    new GraphSession(example().graph, { profile: (profile) => profiles.push(profile) }).runSync({
      x: ones([3, 2]),
    });
    expect(profiles.map(({ operator, shapes }) => [operator, shapes])).toEqual([
      ['MatMul', [[3, 2]]],
      ['Reshape', [[3, 2]]],
      ['Relu', [[3, 2]]],
      ['Add', [[3, 2]]],
    ]);
    expect(profiles.every(({ milliseconds }) => milliseconds >= 0)).toBe(true);
  });
});

describe('memory', () => {
  test('values are freed after their last use; feeds, constants and results stay', () => {
    const kept: Tensor[] = [];
    const builder = example();
    const watch = (_call: unknown, x: Tensor): Tensor => {
      kept.push(x, x.relu());
      return kept[1]!;
    };
    const watched = [...operators].map((definition) =>
      definition.opType !== 'Relu'
        ? definition
        : {
            ...definition,
            run: watch as OperatorDefinition['run'],
          },
    );
    const session = new GraphSession(builder.graph, { operators: new OperatorTable(watched) });
    const x = ones([1, 2]);
    const { y } = session.runSync({ x });
    // The product is a view's storage: it dies after Add, as does the Relu's own.
    expect(kept.map((tensor) => tensor.storage.disposed)).toEqual([true, true]);
    expect([x, y!, builder.graph.initializers.get('w')!].map((tensor) => tensor.storage.disposed)).toEqual([
      false,
      false,
      false,
    ]);
  });

  test('results that are feeds, constants or each other are copies', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', 'float32');
    const c = builder.initializer('c', tensor([1, 2]));
    for (const [name, value] of [
      ['a', x],
      ['b', x],
      ['d', c],
    ] as const)
      builder.output(builder.node('Identity', [value], { outputs: [name] }), 'float32');
    const feed = tensor([5, 6]);
    const { a, b, d } = new GraphSession(builder.graph).runSync({ x: feed });
    const storages = [feed, a!, b!, d!, builder.graph.initializers.get('c')!].map((tensor) => tensor.storage);
    expect(new Set(storages).size).toBe(5);
    expect([a!.tolist(), b!.tolist(), d!.tolist()]).toEqual([
      [5, 6],
      [5, 6],
      [1, 2],
    ]);
  });

  test('a disposed session refuses to run', () => {
    const { graph } = example();
    const session = new GraphSession(graph);
    session.dispose();
    session.dispose();
    expect(graph.initializers.get('w')!.storage.disposed).toBe(true);
    expect(() => session.runSync({ x: ones([1, 2]) })).toThrow('run: the session has been disposed');
  });
});

describe('feeds', () => {
  const session = new GraphSession(example().graph);
  const refusal = (feeds: Record<string, Tensor>): string => {
    try {
      session.runSync(feeds);
    } catch (error) {
      expect(error).toBeInstanceOf(GraphError);
      return (error as Error).message;
    }
    throw new Error('expected a refusal');
  };

  test('that are missing, unknown, misshapen or of another dtype are refused', () => {
    expect(refusal({})).toBe("run: input 'x' is missing, expected float32[N, 2]");
    expect(refusal({ x: ones([1, 2]), z: ones([1]) })).toBe("run: unknown input 'z', expected 'x'");
    expect(refusal({ x: ones([2]) })).toBe("run: input 'x': expected float32[N, 2], got float32[2]");
    expect(refusal({ x: ones([1, 3]) })).toBe(
      "run: input 'x': expected float32[N, 2], got float32[1, 3] (dimension 1)",
    );
    expect(refusal({ x: ones([1, 2], { dtype: 'int64' }) })).toBe(
      "run: input 'x': expected float32[N, 2], got int64[1, 2]",
    );
  });

  test('that share a symbol must agree on it', () => {
    const builder = new GraphBuilder();
    const [a, b] = ['a', 'b'].map((name) => builder.input(name, 'float32', ['N', null]));
    builder.output(
      builder.node('Concat', [a!, b!], { attributes: { axis: { type: 'int', value: 1 } }, outputs: ['y'] }),
      'float32',
    );
    const two = new GraphSession(builder.graph);
    expect(() => two.runSync({ a: ones([2, 1]), b: ones([3, 1]) })).toThrow(
      "run: input 'b': dimension 0 (N) is 3, but 2 in input 'a'",
    );
    expect(two.runSync({ a: ones([2, 1]), b: ones([2, 4]) })['y']!.shape).toEqual([2, 5]);
  });
});

describe('errors of nodes', () => {
  test('name node, operator and what was expected', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', 'float32');
    const shape = builder.initializer('shape', tensor([3n, -1n]));
    builder.output(builder.node('Reshape', [x, shape], { name: 'squash', outputs: ['y'] }), 'float32');
    const session = new GraphSession(builder.graph);
    expect(() => session.runSync({ x: rand([2, 2]) })).toThrow(
      'Node squash (Reshape): shape: expected one for 4 elements (input [2, 2]), got [3, -1]',
    );
  });

  test('of the tensor package are wrapped', () => {
    const builder = new GraphBuilder();
    const [a, b] = ['a', 'b'].map((name) => builder.input(name, 'float32'));
    builder.output(builder.node('Add', [a!, b!], { name: 'sum', outputs: ['y'] }), 'float32');
    const session = new GraphSession(builder.graph);
    expect(() => session.runSync({ a: ones([2]), b: ones([3]) })).toThrow(
      'Node sum (Add): add: The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0',
    );
  });

  test('absurd sizes are refused before anything is allocated', () => {
    const builder = new GraphBuilder();
    const shape = builder.input('shape', 'int64');
    builder.output(builder.node('ConstantOfShape', [shape], { name: 'huge', outputs: ['y'] }), 'float32');
    const session = new GraphSession(builder.graph);
    expect(() => session.runSync({ shape: tensor([1n << 40n]) })).toThrow(
      'Node huge (ConstantOfShape): shape: expected at most',
    );
    expect(() => session.runSync({ shape: tensor([-1n]) })).toThrow(
      'shape: expected sizes of at least 0, got [-1]',
    );
  });
});

describe("users' own operators", () => {
  afterEach(() => {
    operators.delete('my', 'Scale');
  });

  test('run like all others', () => {
    registerOperator('Scale', {
      domain: 'my',
      inputs: 1,
      attributes: { by: attribute.float.default(2) },
      run: ({ attributes }, x: Tensor) => x.mul(attributes.by),
    });
    const builder = new GraphBuilder();
    const x = builder.input('x', 'float32');
    builder.output(builder.node('Scale', [x], { domain: 'my', outputs: ['y'] }), 'float32');
    expect(new GraphSession(builder.graph).runSync({ x: tensor([1, 2]) })['y']!.tolist()).toEqual([2, 4]);
  });

  test('may not replace one that is there', () => {
    expect(() =>
      registerOperator('Add', { inputs: 2, run: (_call, a: Tensor, b: Tensor) => add(a, b) }),
    ).toThrow('registerOperator: Add is already registered');
  });
});
