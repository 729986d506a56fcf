/** Decodes the optimizer database's cases: parameters and their groups, state dicts, schedulers. */
import * as nn from '@sconce/nn';
import { Tensor } from '@sconce/tensor';
import type { JsonArgument } from '../arguments.ts';
import { type Comparison, combineComparisons } from '../compare.ts';
import { UnsupportedCase } from '../suite.ts';
import { compareClose, named, outcome } from './database.ts';
import { camelCase, type Decoder } from './opdb-arguments.ts';

/** What the suite asks of an optimizer. */
export interface Optimizer {
  readonly paramGroups: readonly Readonly<Record<string, unknown>>[];
  step(closure?: () => Tensor): unknown;
  zeroGrad(): void;
  stateDict(): unknown;
  loadStateDict(state: unknown): unknown;
}

/** What the suite asks of a scheduler. */
export interface Scheduler {
  step(argument?: unknown): void;
  getLastLr?(): readonly unknown[];
  stateDict(): unknown;
  loadStateDict(state: unknown): unknown;
}

type JsonObject = Readonly<Record<string, JsonArgument>>;
type Constructor<T> = new (...args: unknown[]) => T;

/** The functions of schedules, by the names that the generator gives them. */
const functions: Readonly<Record<string, (epoch: number) => number>> = {
  decay: (epoch) => 0.95 ** epoch,
  ramp: (epoch) => Math.min(1, (epoch + 1) / 10),
  halving: (epoch) => (epoch % 10 === 0 ? 0.5 : 1),
  fading: (x) => 0.9 ** x,
};

/** Makes an optimizer. @throws UnsupportedCase where Sconce has none of that name */
export function makeOptimizer(name: string, params: unknown, options: unknown): Optimizer {
  const Class = lookUp<Constructor<Optimizer>>(['optim', name]);
  return options === undefined ? new Class(params) : new Class(params, options);
}

/** Parameters by number, in groups or with names, as an optimizer takes them. */
export function decodeParams(
  value: JsonArgument,
  parameters: readonly nn.Parameter[],
  decoder: Decoder,
): unknown {
  if (Array.isArray(value)) return value.map((item: JsonArgument) => decodeParams(item, parameters, decoder));
  const entry = value as JsonObject;
  if ('parameter' in entry) return parameters[Number(entry['parameter'])];
  if ('named' in entry) {
    const [name, parameter] = entry['named'] as [string, JsonArgument];
    return [name, decodeParams(parameter, parameters, decoder)];
  }
  const { params, options } = entry['group'] as { params: JsonArgument; options: JsonObject };
  return { params: decodeParams(params, parameters, decoder), ...decoder.options(options) };
}

/** Makes a scheduler of an optimizer; schedulers among its options are made first. */
export function makeScheduler(spec: JsonArgument, optimizer: Optimizer, decoder: Decoder): Scheduler {
  const { class: name, options } = spec as unknown as { class: string; options: JsonObject };
  const value = (item: JsonArgument): unknown => {
    if (Array.isArray(item)) return item.map(value);
    if (typeof item === 'object' && item !== null) {
      if ('scheduler' in item) return makeScheduler((item as JsonObject)['scheduler']!, optimizer, decoder);
      if ('lambda' in item) return functions[String((item as JsonObject)['lambda'])];
    }
    return decoder.decode(item);
  };
  const given = Object.fromEntries(
    Object.entries(options).map(([key, item]) => [camelCase(key), value(item)]),
  );
  const space = name === 'SWALR' ? 'swaUtils' : 'lrScheduler';
  const Class = lookUp<Constructor<Scheduler>>(['optim', space, name]);
  if (name === 'ChainedScheduler') return new Class(given['schedulers']);
  return Object.keys(given).length === 0 ? new Class(optimizer) : new Class(optimizer, given);
}

/** A state dict: nested objects and lists of tensors and plain values, under PyTorch's names. */
export function decodeState(value: JsonArgument, decoder: Decoder): unknown {
  if (Array.isArray(value)) return value.map((item: JsonArgument) => decodeState(item, decoder));
  if (typeof value !== 'object' || value === null) return value;
  const keys = Object.keys(value);
  if (keys.some((key) => ['tensor', 'float', 'number', 'bigint'].includes(key))) return decoder.decode(value);
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([key, item]) => [key, decodeState(item, decoder)]),
  );
}

/** Compares state dicts: the same keys, tensors by tolerance, numbers to the last digits. */
export function compareState(
  found: unknown,
  expected: unknown,
  what: string,
  distance: () => number | undefined = () => undefined,
): Comparison {
  if (expected instanceof Tensor) {
    const own = distance();
    if (!(found instanceof Tensor)) return outcome(false, `${what}: expected a tensor, got ${show(found)}`);
    return named(compareClose(found, expected, own), what);
  }
  if (typeof expected === 'number') return compareNumber(found, expected, what);
  if (typeof expected !== 'object' || expected === null)
    return outcome(Object.is(found, expected), `${what}: expected ${show(expected)}, got ${show(found)}`);
  if (typeof found !== 'object' || found === null || found instanceof Tensor)
    return outcome(false, `${what}: expected ${show(expected)}, got ${show(found)}`);
  const [own, wanted] = [Object.keys(found).sort(), Object.keys(expected).sort()];
  if (own.join() !== wanted.join())
    return outcome(false, `${what}: expected the keys ${wanted.join(', ')}, got ${own.join(', ')}`);
  return combineComparisons(
    Object.entries(expected).map(([key, value]) =>
      compareState((found as Readonly<Record<string, unknown>>)[key], value, `${what}.${key}`, distance),
    ),
  );
}

/** Equal but for the last digits, which functions such as the cosine may round otherwise. */
export function compareNumber(found: unknown, expected: number, what: string): Comparison {
  const ok =
    typeof found === 'number' &&
    (Object.is(found, expected) || Math.abs(found - expected) <= 1e-12 * Math.max(1, Math.abs(expected)));
  return outcome(ok, `${what}: expected ${expected}, got ${show(found)}`);
}

function show(value: unknown): string {
  return value instanceof Tensor ? 'a tensor' : (JSON.stringify(value) ?? String(value));
}

function lookUp<T>(path: readonly string[]): T {
  const found = path.reduce<unknown>(
    (space, name) => (space as Readonly<Record<string, unknown>> | undefined)?.[name],
    nn,
  );
  if (found === undefined) throw new UnsupportedCase(`nn.${path.join('.')} is not there`);
  return found as T;
}
