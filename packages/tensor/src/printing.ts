/** Prints tensors as PyTorch's `print` does, letter for letter (the behaviour of `torch/_tensor_str.py`). */
import { type DType, dtypeInfo } from './dtype.ts';

/** How tensors are printed (`torch.set_printoptions`). */
export interface PrintOptions {
  /** Digits after the point: 4 by default. */
  readonly precision?: number;
  /** Tensors of more elements are summarized: 1000 by default. */
  readonly threshold?: number;
  /** Elements shown at each end of a dimension that is summarized: 3 by default. */
  readonly edgeitems?: number;
  /** Characters of a line: 80 by default. */
  readonly linewidth?: number;
  /** Values to start from: PyTorch's defaults, fewer digits and edges, or no summary. */
  readonly profile?: 'default' | 'short' | 'full';
  /** Whether floats are printed in scientific notation; null (the default) decides by their values. */
  readonly sciMode?: boolean | null;
}

const defaults = { precision: 4, threshold: 1000, edgeItems: 3, lineWidth: 80 };
const profiles = {
  default: defaults,
  short: { ...defaults, precision: 2, edgeItems: 2 },
  full: { ...defaults, threshold: Number.POSITIVE_INFINITY },
};

let options: typeof defaults = defaults;
let sciMode: boolean | null = null;

/** Changes how tensors are printed from here on; what is left out stays as it is. */
export function setPrintoptions(changes: PrintOptions): void {
  const base = changes.profile === undefined ? options : profiles[changes.profile];
  options = {
    precision: changes.precision ?? base.precision,
    threshold: changes.threshold ?? base.threshold,
    edgeItems: changes.edgeitems ?? base.edgeItems,
    lineWidth: changes.linewidth ?? base.lineWidth,
  };
  sciMode = changes.sciMode ?? null;
}

type Value = number | boolean | bigint;

interface Printable {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  readonly dtype: DType;
}

interface Formatter {
  readonly width: number;
  format(value: Value): string;
}

/**
 * @param read reads an element by its place in the storage
 * @param more what stands behind the data besides dtype and size
 * @param prefix what stands before the data: `tensor(`
 */
export function printTensor(
  tensor: Printable,
  read: (at: number) => Value,
  more: readonly string[] = [],
  prefix: string = 'tensor(',
): string {
  const { shape, dtype } = tensor;
  const empty = shape.includes(0);
  const suffixes: string[] = [];
  const sizeUnseen = empty ? shape.length !== 1 : options.edgeItems === 0;
  if (sizeUnseen) suffixes.push(`size=${showTuple(shape)}`);
  // An empty tensor shows int64 and bool too: there are no elements from which they could be seen.
  const silent = dtype === 'float32' || (!empty && (dtype === 'int64' || dtype === 'bool'));
  if (!silent) suffixes.push(`dtype=torch.${dtype}`);
  suffixes.push(...more);
  const indent = prefix.length;
  const body = empty ? '[]' : printData(tensor, read, indent);
  return addSuffixes(prefix + body, suffixes, indent);
}

/** A shape as Python prints a tuple: `(3,)`, `(2, 3)`. */
function showTuple(values: readonly number[]): string {
  return values.length === 1 ? `(${values[0]},)` : `(${values.join(', ')})`;
}

function printData(tensor: Printable, read: (at: number) => Value, indent: number): string {
  const { shape, strides, dtype } = tensor;
  const summarize = shape.reduce((a, b) => a * b, 1) > options.threshold;
  const shown = (dim: number): number[] => {
    const size = shape[dim]!;
    const all = Array.from({ length: size }, (_, i) => i);
    if (!summarize || size <= 2 * options.edgeItems) return all;
    return [...all.slice(0, options.edgeItems), ...all.slice(size - options.edgeItems)];
  };

  const values: Value[] = [];
  const collect = (dim: number, at: number): void => {
    if (dim === shape.length) values.push(read(at));
    else for (const i of shown(dim)) collect(dim + 1, at + i * strides[dim]!);
  };
  collect(0, tensor.offset);
  const formatter =
    dtypeInfo(dtype).kind === 'float' ? floatFormatter(values as number[]) : plainFormatter(values);

  const print = (dim: number, at: number, depth: number): string => {
    const left = shape.length - dim;
    if (left === 0) return formatter.format(read(at));
    const indices = shown(dim);
    const cut = indices.length < shape[dim]!;
    const separator = `${'\n'.repeat(Math.max(left - 1, 1))}${' '.repeat(depth + 1)}`;
    if (left === 1) {
      const items = indices.map((i) => formatter.format(read(at + i * strides[dim]!)));
      if (cut) items.splice(options.edgeItems, 0, options.edgeItems === 0 ? '...' : ' ...');
      const perLine = Math.max(1, Math.floor((options.lineWidth - depth) / (formatter.width + 2)));
      const lines: string[] = [];
      for (let i = 0; i < items.length; i += perLine) lines.push(items.slice(i, i + perLine).join(', '));
      return `[${lines.join(`,${separator}`)}]`;
    }
    const slices = indices.map((i) => print(dim + 1, at + i * strides[dim]!, depth + 1));
    if (cut) slices.splice(options.edgeItems, 0, '...');
    return `[${slices.join(`,${separator}`)}]`;
  };
  return print(0, tensor.offset, indent);
}

function plainFormatter(values: readonly Value[]): Formatter {
  const text = (value: Value): string =>
    typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value);
  const width = values.reduce<number>((longest, value) => Math.max(longest, text(value).length), 1);
  return { width, format: (value) => text(value).padStart(width) };
}

function floatFormatter(values: readonly number[]): Formatter {
  const regular = values.filter((value) => Number.isFinite(value) && value !== 0);
  let smallest = Number.POSITIVE_INFINITY;
  let largest = 0;
  for (const value of regular) {
    smallest = Math.min(smallest, Math.abs(value));
    largest = Math.max(largest, Math.abs(value));
  }
  const integers = regular.every(Number.isInteger);
  const scientific =
    regular.length > 0 && (sciMode ?? (largest / smallest > 1000 || largest > 1e8 || smallest < 1e-4));
  const text = (value: number): string => {
    if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
    if (scientific) return formatScientific(value, options.precision);
    return integers ? `${formatFixed(value, 0)}.` : formatFixed(value, options.precision);
  };
  const width = regular.reduce((longest, value) => Math.max(longest, text(value).length), 1);
  return { width, format: (value) => text(value as number).padStart(width) };
}

/** Python's `f'{value:.{digits}f}'`: exact decimal value, ties to the even digit. */
export function formatFixed(value: number, digits: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e21) return `${sign}${BigInt(magnitude)}${digits > 0 ? `.${'0'.repeat(digits)}` : ''}`;
  return sign + evenTies(magnitude.toFixed(digits), magnitude.toFixed(100));
}

/** Python's `f'{value:.{digits}e}'`: ties to the even digit, an exponent of at least two digits. */
export function formatScientific(value: number, digits: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const magnitude = Math.abs(value);
  const [mantissa, exponent] = magnitude.toExponential(digits).split('e') as [string, string];
  const [exact, exactExponent] = magnitude.toExponential(100).split('e') as [string, string];
  // A tie that rounds up into another power of ten ends in an even digit already.
  const rounded = exponent === exactExponent ? evenTies(mantissa, exact) : mantissa;
  return `${sign}${rounded}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

/** JavaScript rounds ties up; where `exact` lies half-way and the last digit is odd, the digit below is right. */
function evenTies(rounded: string, exact: string): string {
  const point = rounded.includes('.') ? rounded.length : rounded.length + 1;
  const tie = exact.length > rounded.length && /^50*$/.test(exact.slice(point));
  const last = Number(rounded.at(-1));
  if (!tie || last % 2 === 0) return rounded;
  return rounded.slice(0, -1) + (last - 1);
}

function addSuffixes(text: string, suffixes: readonly string[], indent: number): string {
  let result = text;
  let lineLength = text.length - text.lastIndexOf('\n') + 1;
  for (const suffix of suffixes) {
    if (lineLength + suffix.length + 2 > options.lineWidth) {
      result += `,\n${' '.repeat(indent)}${suffix}`;
      lineLength = indent + suffix.length;
    } else {
      result += `, ${suffix}`;
      lineLength += suffix.length + 2;
    }
  }
  return `${result})`;
}
