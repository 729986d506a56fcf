/** Update formulas and what runs them: one kernel over all parameters where that is possible, else operator by operator. */
import { _fusedUpdate_, type Tensor, type UpdateExpression, type UpdateGroup } from '@sconce/tensor';
import { type Arithmetic, expressionArithmetic, tensorArithmetic } from './arithmetic.ts';

/** A formula and the names in it. */
export interface UpdateDefinition<Name extends string, Scalar extends string> {
  readonly name: string;
  /** Tensors that get new values. */
  readonly writes: readonly Name[];
  /** Tensors that are only read. */
  readonly reads: readonly Name[];
  /** Numbers that change from call to call. */
  readonly scalars: readonly Scalar[];
  /** The new values of what is written. Names that are not among those above must not be touched. */
  readonly formula: <V, S>(
    m: Arithmetic<V, S>,
    tensors: Readonly<Record<Name, V>>,
    scalars: Readonly<Record<Scalar, S>>,
  ) => Partial<Record<Name, V>>;
}

/** A formula that is ready to run. Made once for each set of switches. */
export class ElementUpdate<Name extends string = string, Scalar extends string = string> {
  readonly name: string;
  private readonly definition: UpdateDefinition<Name, Scalar>;
  private readonly order: readonly Name[];
  private readonly kernel: { readonly name: string; readonly expressions: readonly UpdateExpression[] };

  constructor(definition: UpdateDefinition<Name, Scalar>) {
    const { name, writes, reads, scalars, formula } = definition;
    this.name = name;
    this.definition = definition;
    this.order = [...writes, ...reads];
    const inputs = record(this.order, (_, input): UpdateExpression => ({ input }));
    const parameters = record(scalars, (_, parameter): UpdateExpression => ({ parameter }));
    const results = formula(expressionArithmetic, inputs, parameters);
    this.kernel = { name, expressions: writes.map((written) => resultOf(results, written, name)) };
  }

  /** The tensors and numbers of one parameter in the formula's order. */
  group(
    tensors: Readonly<Partial<Record<Name, Tensor>>>,
    scalars: Readonly<Partial<Record<Scalar, number>>>,
  ): UpdateGroup {
    const { order, definition } = this;
    return {
      tensors: order.map((name) => tensors[name]!),
      parameters: definition.scalars.map((name) => scalars[name]!),
    };
  }

  /** Rewrites the tensors of all groups, in one launch where nothing is recorded. */
  run(groups: readonly UpdateGroup[], recorded: boolean): void {
    if (recorded) {
      for (const group of groups) this.#runRecorded(group);
      return;
    }
    const byDType = new Map<string, UpdateGroup[]>();
    for (const group of groups) {
      const dtype = commonFloat(group.tensors);
      if (dtype === undefined) {
        this.#runOperators(group);
        continue;
      }
      const list = byDType.get(dtype);
      if (list === undefined) byDType.set(dtype, [group]);
      else list.push(group);
    }
    for (const list of byDType.values()) _fusedUpdate_(this.kernel, list);
  }

  /** Reads copies: what the graph keeps of the old values must not be written to. */
  #runRecorded({ tensors, parameters }: UpdateGroup): void {
    const written = this.definition.writes.length;
    const inputs = tensors.map((tensor, i) => (i < written ? tensor.clone() : tensor));
    this.#write(tensors, inputs, parameters);
  }

  #runOperators({ tensors, parameters }: UpdateGroup): void {
    this.#write(tensors, tensors, parameters);
  }

  #write(targets: readonly Tensor[], inputs: readonly Tensor[], parameters: readonly number[]): void {
    const { writes, scalars, formula } = this.definition;
    const results = formula(
      tensorArithmetic,
      record(this.order, (_, i) => inputs[i]!),
      record(scalars, (_, i) => parameters[i]!),
    );
    // All are computed before the first is written.
    const values = writes.map((name) => resultOf(results, name, this.name));
    values.forEach((value, i) => {
      targets[i]!.copy_(value);
    });
  }
}

/** Updates of many parameters, collected and then run: those of one formula together. */
export class UpdateBatch {
  private readonly groups: Map<ElementUpdate<string, string>, UpdateGroup[]> = new Map();

  /** Adds one parameter. */
  add<Name extends string, Scalar extends string>(
    update: ElementUpdate<Name, Scalar>,
    tensors: Readonly<Partial<Record<Name, Tensor>>>,
    scalars: Readonly<Partial<Record<Scalar, number>>>,
  ): void {
    const group = update.group(tensors, scalars);
    // The map knows updates of all names.
    const key = update as unknown as ElementUpdate<string, string>;
    const list = this.groups.get(key);
    if (list === undefined) this.groups.set(key, [group]);
    else list.push(group);
  }

  /** Runs what was added. */
  run(recorded: boolean): void {
    for (const [update, groups] of this.groups) update.run(groups, recorded);
  }
}

/** The dtype of all the tensors where kernels compute in it. */
function commonFloat(tensors: readonly Tensor[]): string | undefined {
  const { dtype } = tensors[0]!;
  if (dtype !== 'float32' && dtype !== 'float64') return undefined;
  for (let i = 1; i < tensors.length; i++) if (tensors[i]!.dtype !== dtype) return undefined;
  return dtype;
}

function resultOf<Name extends string, V>(results: Partial<Record<Name, V>>, name: Name, update: string): V {
  const value = results[name];
  if (value === undefined) throw new Error(`internal: ${update} computes no ${name}`);
  return value as V;
}

function record<Name extends string, V>(
  names: readonly Name[],
  value: (name: Name, i: number) => V,
): Record<Name, V> {
  return Object.fromEntries(names.map((name, i) => [name, value(name, i)])) as Record<Name, V>;
}
