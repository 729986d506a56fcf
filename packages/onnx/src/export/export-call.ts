/** What exporters work with: one traced operator call, and the graph being written. */
import { type AttributeValue, type Dimension, type GraphBuilder, onnxElementTypes } from '@sconce/graph';
import { type DType, full, Tensor, tensor } from '@sconce/tensor';
import { int, ints } from '../attribute-values.ts';
import { OnnxError } from '../errors.ts';
import { type DynamicDimension, isDynamic, type Size, type Sizes, sameArguments } from './dimensions.ts';
import { scopeMetadata, torchName } from './scope-metadata.ts';
import { type TracedCall, tensorsIn } from './trace.ts';

/** Writes the nodes of one operator: gets the canonical arguments, returns the values of the results in order. */
export type Exporter = (call: ExportCall, ...args: never[]) => string | readonly string[];

/** A family of exporters by operator name. */
export type Exporters = Readonly<Record<string, Exporter>>;

/** Everything that lasts for a whole export. */
export interface ExportState {
  readonly builder: GraphBuilder;
  readonly opset: number;
  readonly sizes: Sizes;
  readonly dimensions: readonly DynamicDimension[];
  /** Value name of every tensor written so far. */
  readonly values: Map<Tensor, string>;
  /** State-dict name of every parameter and buffer. */
  readonly stateNames: ReadonlyMap<Tensor, string>;
  /** Constants written so far by content. */
  readonly constants: Map<string, string>;
}

/** Constants up to this many elements are shared and compared between the two runs. */
const SMALL = 1024;

/** One operator call being written. */
export class ExportCall {
  readonly #state: ExportState;
  readonly #call: TracedCall;
  readonly #second: TracedCall | undefined;
  /** Result tensors, in order. */
  readonly results: readonly Tensor[];
  readonly #written: number;

  constructor(state: ExportState, call: TracedCall, second: TracedCall | undefined) {
    this.#state = state;
    this.#call = call;
    this.#second = second;
    this.results = tensorsIn(call.result);
    this.#written = state.builder.graph.nodes.length;
  }

  get opset(): number {
    return this.#state.opset;
  }

  /** The first result. */
  get result(): Tensor {
    return this.results[0]!;
  }

  /** Whether the arguments besides tensors are the same for all sizes. */
  get hasFixedArguments(): boolean {
    return this.#second === undefined || sameArguments(this.#call.args, this.#second.args);
  }

  /** The arguments of the run with other sizes; the same as this run's without dynamic dimensions. */
  get secondArguments(): readonly unknown[] {
    return (this.#second ?? this.#call).args;
  }

  /** Refuses the call, naming operator and module. */
  fail(message: string): never {
    throw new OnnxError(`export: operator ${this.#call.operator}${this.#where()}: ${message}`);
  }

  #where(): string {
    const path = this.#call.scopes.at(-1)?.path;
    const name = this.#call.scopes.at(-1)?.className;
    return name === undefined ? '' : ` in module '${path ?? ''}' (${name})`;
  }

  /** The value of a tensor: an earlier result, an input, a parameter under its state-dict name, or a constant. */
  value(source: Tensor): string {
    const { values, stateNames, builder, sizes } = this.#state;
    const known = values.get(source);
    if (known !== undefined) return known;
    const stateName = stateNames.get(source);
    if (stateName === undefined) this.#checkConstant(source, sizes.counterpart(source));
    const name = stateName === undefined ? this.constant(source) : builder.initializer(stateName, source);
    values.set(source, name);
    return name;
  }

  #checkConstant(source: Tensor, other: Tensor | undefined): void {
    if (other === undefined || other === source) return;
    const differs =
      source.shape.some((size, axis) => size !== other.shape[axis]) ||
      (source.numel() <= SMALL && String(source.toTypedArray()) !== String(other.toTypedArray()));
    if (differs)
      this.fail(
        `a tensor made in forward (shape [${source.shape.join(', ')}]) depends on a dynamic dimension`,
      );
  }

  /** A tensor or number as a value; a number gets the dtype. */
  operand(source: Tensor | number | boolean | bigint, dtype: DType): string {
    if (!(source instanceof Tensor)) return this.scalar(source, dtype);
    return source.dtype === dtype ? this.value(source) : this.cast(this.value(source), dtype);
  }

  /** A constant; small ones of equal content are written once. */
  constant(value: Tensor, hint = 'constant'): string {
    const { builder, constants } = this.#state;
    if (value.numel() > SMALL) return builder.initializer(hint, value);
    const key = `${value.dtype}[${value.shape.join(', ')}]${value.toTypedArray()}`;
    const known = constants.get(key);
    if (known !== undefined) return known;
    const name = builder.initializer(hint, value);
    constants.set(key, name);
    return name;
  }

  scalar(value: number | boolean | bigint, dtype: DType): string {
    return this.constant(full([], value, { dtype }), 'scalar');
  }

  int64(values: readonly number[], hint: string): string {
    return this.constant(tensor(BigInt64Array.from(values, BigInt)), hint);
  }

  cast(value: string, dtype: DType): string {
    return this.node('Cast', [value], { to: int(onnxElementTypes.indexOf(dtype)) });
  }

  /** Writes a node and returns its value. */
  node(opType: string, inputs: readonly string[], attributes: Record<string, AttributeValue> = {}): string {
    return this.nodes(opType, inputs, attributes, 1)[0]!;
  }

  /** Writes a node with several outputs. */
  nodes(
    opType: string,
    inputs: readonly string[],
    attributes: Record<string, AttributeValue>,
    outputs: number,
  ): string[] {
    return this.#state.builder.nodes(opType, inputs, {
      attributes,
      outputs,
      hint: torchName(this.#call.operator),
    });
  }

  /** Puts the scopes of the module tree on the nodes written for this call. */
  finish(outputs: readonly string[]): void {
    const metadata = scopeMetadata(this.#call, outputs[0] ?? torchName(this.#call.operator));
    for (const node of this.#state.builder.graph.nodes.slice(this.#written))
      for (const [key, value] of metadata) node.metadata.set(key, value);
  }

  /** Shape of a tensor in both runs. */
  sizes(source: Tensor): Size[] {
    return this.#state.sizes.of(source);
  }

  /** A shape as ONNX states it: symbols where a size comes from a dynamic dimension, `null` where it varies otherwise. */
  dimensions(source: Tensor): Dimension[] {
    return this.sizes(source).map((size) => {
      if (!isDynamic(size)) return size.first;
      const names = new Set(
        this.#origins(size)
          .filter(({ times }) => times === 1)
          .map(({ from }) => from.name),
      );
      return names.size === 1 ? [...names][0]! : null;
    });
  }

  /** Dynamic dimensions of inputs that a size is a multiple of. */
  #origins(size: Size): { from: DynamicDimension; times: number }[] {
    return this.#state.dimensions
      .map((from) => ({ from, times: size.first / from.size.first }))
      .filter(({ from, times }) => Number.isInteger(times) && from.size.second * times === size.second);
  }

  /** A size as an int64 vector of one element: a constant, or computed from the shape of a value or an input. */
  sizeVector(size: Size, sources: readonly Tensor[]): string {
    if (!isDynamic(size)) return this.int64([size.first], 'size');
    for (const source of sources) {
      const axis = this.sizes(source).findIndex(
        (own) => own.first === size.first && own.second === size.second,
      );
      if (axis >= 0) return this.#shapePart(this.value(source), axis);
    }
    const [origin] = this.#origins(size);
    if (origin === undefined) return this.#sizeFromElsewhere(size);
    const part = this.#shapePart(origin.from.input, origin.from.axis);
    return origin.times === 1 ? part : this.node('Mul', [part, this.int64([origin.times], 'size')]);
  }

  /** A size that some value written earlier has in both runs. */
  #sizeFromElsewhere(size: Size): string {
    for (const [source, value] of this.#state.values) {
      const axis = this.sizes(source).findIndex(
        (own) => own.first === size.first && own.second === size.second,
      );
      if (axis >= 0) return this.#shapePart(value, axis);
    }
    this.fail(
      `a size (${size.first} in the example) depends on dynamic dimensions in a way that cannot be written`,
    );
  }

  #shapePart(value: string, axis: number): string {
    return this.node('Shape', [value], { start: int(axis), end: int(axis + 1) });
  }

  /**
   * The second input of Reshape for a target shape: a constant where it can be, with 0 for a size that is the
   * input's own at that place and -1 for one dynamic size that is not.
   */
  reshapeTarget(x: Tensor, target: readonly Size[]): string {
    const own = this.sizes(x);
    const copies = target.map(
      (size, axis) => isDynamic(size) && own[axis]?.first === size.first && own[axis]?.second === size.second,
    );
    const open = target.flatMap((size, axis) => (isDynamic(size) && !copies[axis] ? [axis] : []));
    // A size of 0 in a constant would read as "copy".
    if (open.length <= 1 && !target.some((size) => size.first === 0))
      return this.int64(
        target.map((size, axis) => (copies[axis] ? 0 : open.includes(axis) ? -1 : size.first)),
        'shape',
      );
    return this.shapeVector(target, [x]);
  }

  /** A whole shape as an int64 vector. */
  shapeVector(target: readonly Size[], sources: readonly Tensor[]): string {
    if (!target.some(isDynamic))
      return this.int64(
        target.map((size) => size.first),
        'shape',
      );
    return this.node(
      'Concat',
      target.map((size) => this.sizeVector(size, sources)),
      { axis: int(0) },
    );
  }

  /** Reshapes to the result's shape. */
  reshape(x: Tensor, target: readonly Size[] = this.sizes(this.result)): string {
    return this.node('Reshape', [this.value(x), this.reshapeTarget(x, target)]);
  }

  /** A Transpose node. */
  transpose(value: string, perm: readonly number[]): string {
    return this.node('Transpose', [value], { perm: ints(perm) });
  }
}
