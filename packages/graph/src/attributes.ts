/**
 * Typed access to a node's attributes: an operator states its attributes once, and every reader gives
 * uniform errors and the same defaults.
 */
import type { Tensor } from '@sconce/tensor';
import type { AttributeValue, Node } from './graph.ts';

/** How one attribute is read: its kind, its check, and what stands for it when it is absent. */
export interface AttributeSpec<T> {
  /** Kind of the attribute in ONNX's terms. */
  readonly kind: AttributeValue['type'];
  readonly required: boolean;
  /** Value when the attribute is absent. */
  readonly fallback: T | undefined;
  /** Turns the raw value into the typed one, or returns what was expected instead. */
  parse(
    value: AttributeValue['value'],
  ): { readonly value: T } | { readonly expected: string; readonly got: string };
}

/** The attributes of an operator by name. */
export type AttributeSpecs = Readonly<Record<string, AttributeSpec<unknown>>>;

/** The typed values that {@link readAttributes} gives for specs. */
export type AttributesOf<S extends AttributeSpecs> = {
  readonly [K in keyof S]: S[K] extends AttributeSpec<infer T> ? T : never;
};

/** One kind of attribute, made required, optional or defaulted. */
export interface AttributeKind<T> {
  required(): AttributeSpec<T>;
  optional(): AttributeSpec<T | undefined>;
  default(value: T): AttributeSpec<T>;
}

function kindOf<T>(kind: AttributeValue['type'], parse: AttributeSpec<T>['parse']): AttributeKind<T> {
  return {
    required: () => ({ kind, required: true, fallback: undefined, parse }),
    optional: () => ({ kind, required: false, fallback: undefined, parse }),
    default: (value) => ({ kind, required: false, fallback: value, parse }),
  };
}

/** The kinds that attributes have. */
export interface AttributeKinds {
  /** An integer; beyond 2^53 it is rounded, which ONNX uses for "as far as it goes" only. */
  readonly int: AttributeKind<number>;
  /** An integer that is 0 or 1. */
  readonly flag: AttributeKind<boolean>;
  readonly float: AttributeKind<number>;
  readonly string: AttributeKind<string>;
  readonly tensor: AttributeKind<Tensor>;
  readonly ints: AttributeKind<readonly number[]>;
  readonly floats: AttributeKind<readonly number[]>;
  readonly strings: AttributeKind<readonly string[]>;
  /** A string out of a fixed set. */
  readonly oneOf: <const T extends string>(allowed: readonly T[]) => AttributeKind<T>;
}

/** Attribute kinds; each gives `required()`, `optional()` and `default(value)`. */
export const attribute: AttributeKinds = {
  int: kindOf('int', (value) => ({ value: Number(value) })),
  flag: kindOf<boolean>('int', (value) =>
    Number(value) === 0 || Number(value) === 1
      ? { value: Number(value) === 1 }
      : { expected: '0 or 1', got: String(value) },
  ),
  float: kindOf('float', (value) => ({ value: value as number })),
  string: kindOf('string', (value) => ({ value: value as string })),
  tensor: kindOf('tensor', (value) => ({ value: value as Tensor })),
  ints: kindOf('ints', (value) => ({ value: (value as readonly (number | bigint)[]).map(Number) })),
  floats: kindOf('floats', (value) => ({ value: value as readonly number[] })),
  strings: kindOf('strings', (value) => ({ value: value as readonly string[] })),
  oneOf: <const T extends string>(allowed: readonly T[]) =>
    kindOf<T>('string', (value) =>
      (allowed as readonly string[]).includes(value as string)
        ? { value: value as T }
        : { expected: `one of ${allowed.join(', ')}`, got: `'${value}'` },
    ),
};

/**
 * Reads a node's attributes. Problems (missing, unknown, of the wrong kind or value) go to `report`; the
 * values are complete only when nothing was reported.
 */
export function readAttributes<S extends AttributeSpecs>(
  specs: S,
  node: Node,
  report: (message: string) => void,
): AttributesOf<S> {
  const values: Record<string, unknown> = {};
  for (const name of node.attributes.keys())
    if (!Object.hasOwn(specs, name)) report(`attribute '${name}': the operator has no such attribute`);
  for (const [name, spec] of Object.entries(specs)) {
    const given = node.attributes.get(name);
    if (given === undefined) {
      if (spec.required) report(`attribute '${name}': expected ${kindNames[spec.kind]}, got nothing`);
      values[name] = spec.fallback;
    } else if (given.type !== spec.kind) {
      report(`attribute '${name}': expected ${kindNames[spec.kind]}, got ${kindNames[given.type]}`);
    } else {
      const parsed = spec.parse(given.value);
      if ('value' in parsed) values[name] = parsed.value;
      else report(`attribute '${name}': expected ${parsed.expected}, got ${parsed.got}`);
    }
  }
  return values as AttributesOf<S>;
}

const kindNames: Record<AttributeValue['type'], string> = {
  int: 'an integer',
  float: 'a float',
  string: 'a string',
  tensor: 'a tensor',
  ints: 'integers',
  floats: 'floats',
  strings: 'strings',
};
