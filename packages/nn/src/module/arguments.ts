/**
 * Layer constructors take PyTorch's arguments: positional ones in PyTorch's order, then one object with the rest by
 * name (`new Conv2d(3, 16, 3, { padding: 1 })`, `new Conv2d(3, 16, { kernelSize: 3 })`).
 */

import type { DType } from '@sconce/tensor';
import { isOptions } from './options.ts';

/** The option of every layer that has weights. */
export interface DTypeOption {
  /** What the weights are made of (default `'float32'`). */
  dtype?: DType;
}

/** All elements but the last, with their labels. */
type Init<T extends readonly unknown[]> = T extends readonly [...infer Rest, unknown] ? Rest : [];
type Last<T extends readonly unknown[]> = T extends readonly [...unknown[], infer Value] ? Value : never;
type Named<Options, Key extends keyof Options> =
  Partial<Pick<Options, Key>> extends Pick<Options, Key>
    ? [options?: Pick<Options, Key>]
    : [options: Pick<Options, Key>];

/**
 * The ways to call a constructor: any number of leading positional arguments, then an object with the others.
 *
 * @typeParam Positional labelled tuple of the arguments in PyTorch's order
 * @typeParam Names their names in the same order
 * @typeParam Options all arguments by name; those without a default are not optional
 */
export type LayerArguments<
  Positional extends readonly unknown[],
  Names extends readonly unknown[],
  Options,
  Left extends keyof Options = never,
> = Positional extends readonly []
  ? Named<Options, Left>
  :
      | [...Positional, ...Named<Options, Left>]
      | LayerArguments<Init<Positional>, Init<Names>, Options, Left | (Last<Names> & keyof Options)>;

/** A value for every argument that may be left out; forgetting one does not compile. */
type Defaults<Options> = {
  readonly [Key in keyof Options as Partial<Pick<Options, Key>> extends Pick<Options, Key>
    ? Key
    : never]-?: Options[Key];
};

/**
 * Reads a constructor's arguments.
 *
 * @param layer the layer's name, for errors
 * @param names the arguments in PyTorch's order
 * @param defaults values of the arguments that may be left out; those that `names` lacks are given by name only
 * @throws {TypeError} for a missing, doubled or unknown argument, in Python's words
 */
export function readArguments<Options extends object>(
  layer: string,
  names: readonly (keyof Options & string)[],
  defaults: Defaults<Options>,
  given: readonly unknown[],
): Required<Options> {
  const last = given.at(-1);
  const named = isOptions(last) ? last : {};
  const positional = isOptions(last) ? given.slice(0, -1) : given;
  if (positional.length > names.length) {
    throw new TypeError(
      `${layer}() takes at most ${names.length} positional arguments but ${positional.length} were given`,
    );
  }
  const values: Record<string, unknown> = {};
  for (const [i, value] of positional.entries()) values[names[i] as string] = value;
  const filled = new Set(Object.keys(values));
  for (const [name, value] of Object.entries(named)) {
    if (!(names as readonly string[]).includes(name) && !Object.hasOwn(defaults, name)) {
      const known = new Set([...names, ...Object.keys(defaults)]);
      throw new TypeError(
        `${layer}() got an unexpected keyword argument '${name}', expected one of ${[...known].join(', ')}`,
      );
    }
    if (filled.has(name)) throw new TypeError(`${layer}() got multiple values for argument '${name}'`);
    values[name] = value;
  }
  for (const [name, value] of Object.entries(defaults))
    values[name] = values[name] === undefined ? value : values[name];
  const missing = names.filter((name) => values[name] === undefined && !(name in defaults));
  if (missing.length > 0) {
    const list = missing.map((name) => `'${name}'`).join(', ');
    throw new TypeError(
      `${layer}() missing ${missing.length} required argument${missing.length === 1 ? '' : 's'}: ${list}`,
    );
  }
  return values as Required<Options>;
}
