/** How lists and dictionaries of parameters print their members. */
import { Tensor } from '@sconce/tensor';
import { Parameter } from '../module/parameter.ts';

/**
 * One member's line, as PyTorch prints it.
 *
 * @param kind what stands for the tensor's type: lists print the dtype, dictionaries the class
 */
export function describeMember(name: string, member: unknown, kind: 'dtype' | 'class'): string {
  if (!(member instanceof Tensor)) return `  (${name}): Object of type: ${pythonType(member)}`;
  const type = kind === 'dtype' ? `torch.${member.dtype}` : classOf(member);
  return `  (${name}): ${member instanceof Parameter ? 'Parameter' : 'Tensor'} containing: [${type} of size ${member.shape.join('x')}]`;
}

const tensorClasses: Readonly<Record<string, string>> = {
  float32: 'Float',
  float64: 'Double',
  float16: 'Half',
  bfloat16: 'BFloat16',
  int64: 'Long',
  int32: 'Int',
  int16: 'Short',
  int8: 'Char',
  uint8: 'Byte',
  bool: 'Bool',
};

function classOf(tensor: Tensor): string {
  return `torch.${tensorClasses[tensor.dtype] ?? ''}Tensor`;
}

function pythonType(value: unknown): string {
  if (value === null || value === undefined) return 'NoneType';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Map || Object.getPrototypeOf(value) === Object.prototype) return 'dict';
  return (value as object).constructor?.name ?? typeof value;
}
