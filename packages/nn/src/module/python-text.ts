/** Writes values as Python's `repr` writes them, because printed models are compared letter for letter with PyTorch's. */

/** A value that a layer prints: nested arrays print as tuples. */
type PythonValue = number | boolean | string | null | undefined | readonly PythonValue[];

/** A value inside printed text: `None`, `True`, `(1, 2)`, `(1,)`, `0.5`, `1e-05`; strings without quotes. */
export function pythonText(value: PythonValue): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return pythonNumber(value);
  if (typeof value === 'string') return value;
  return `(${value.map(pythonText).join(', ')}${value.length === 1 ? ',' : ''})`;
}

/** A number that PyTorch takes as a float: whole numbers end in `.0`. */
export function pythonFloat(value: number): string {
  const text = pythonNumber(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** A shape as Python prints it: `torch.Size([2, 3])`. */
export function pythonSize(shape: readonly number[]): string {
  return `torch.Size([${shape.join(', ')}])`;
}

/** Python writes an exponent below 1e-4 and from 1e16, with at least two digits; the digits are those of JavaScript. */
function pythonNumber(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0.0' : String(value);
  const [mantissa = '', exponentText = ''] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  // Between 1e-4 and 1e16 JavaScript never uses an exponent but below 1e-6, which the branch above has taken.
  return String(value);
}

/** Indents every line but the first; blank lines stay blank, as in PyTorch. */
export function indentRest(text: string, width: number): string {
  const [first = '', ...rest] = text.split('\n');
  return [first, ...rest.map((line) => (line.trim() === '' ? '' : ' '.repeat(width) + line))].join('\n');
}
