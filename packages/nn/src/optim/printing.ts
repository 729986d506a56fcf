/** Groups of parameters as Python prints them. */
import { Tensor } from '@sconce/tensor';
import { pythonFloat, pythonText } from '../module/python-text.ts';
import type { ParamGroup } from './param-groups.ts';
import { snakeCase } from './python-names.ts';

/** Names of the options that PyTorch takes as floats: whole numbers among them print with `.0`. */
export type GroupTextOptions = readonly string[];

/** All groups but their parameters: one line an option, sorted. */
export function printGroups(groups: readonly ParamGroup[], floats: GroupTextOptions): string {
  const blocks = groups.map(({ params: _, ...options }, i) => {
    const lines = Object.entries(options)
      .map(([name, value]): [string, string] => [snakeCase(name), optionText(name, value, floats)])
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, text]) => `    ${name}: ${text}\n`);
    return `\nParameter Group ${i}\n${lines.join('')}`;
  });
  return blocks.join('');
}

function optionText(name: string, value: unknown, floats: GroupTextOptions): string {
  if (value instanceof Tensor) {
    // Python formats a tensor without dimensions as its number.
    return value.ndim === 0 ? pythonFloat(Number(value.item())) : String(value);
  }
  if (floats.includes(name)) return floatText(value as FloatOption);
  if (name === 'paramNames') return `[${(value as readonly string[]).map((text) => `'${text}'`).join(', ')}]`;
  return pythonText(value as Parameters<typeof pythonText>[0]);
}

type FloatOption = number | null | Tensor | readonly FloatOption[];

/** A float option, or a tuple of such. */
function floatText(value: FloatOption): string {
  if (typeof value === 'number') return pythonFloat(value);
  if (value === null || value instanceof Tensor) return value === null ? 'None' : String(value);
  return `(${value.map(floatText).join(', ')})`;
}
