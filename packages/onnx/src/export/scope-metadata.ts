/**
 * Says on every node which modules it came from, with the keys and spelling of PyTorch's exporter (its stack
 * traces, which hold local paths, are not written).
 */
import type { ModuleScope } from '@sconce/nn';
import { torchClassName } from './torch-classes.ts';
import type { TracedCall } from './trace.ts';

/** PyTorch's name of an operator: `maxPool2d` is `max_pool2d`. */
export function torchName(operator: string): string {
  return operator.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Operators whose first overload takes tensors. */
const tensorOverloads = new Set([
  'add',
  'sub',
  'mul',
  'div',
  'pow',
  'remainder',
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
]);

/** The metadata of a call whose first value is `name`. */
export function scopeMetadata(call: TracedCall, name: string): Map<string, string> {
  const torch = torchName(call.operator);
  const target = `aten.${torch}.${tensorOverloads.has(torch) ? 'Tensor' : 'default'}`;
  const scopes = call.scopes.filter(
    (scope): scope is ModuleScope & { path: string } => scope.path !== undefined,
  );
  const paths = [...scopes.map((scope) => scope.path), name];
  const classes = [...scopes.map((scope) => torchClassName(scope.className)), target];
  return new Map([
    ['namespace', paths.map((path, index) => `${path}: ${classes[index]}`).join('/')],
    ['pkg.torch.onnx.class_hierarchy', pythonList(classes)],
    ['pkg.torch.onnx.name_scopes', pythonList(paths)],
  ]);
}

/** A list of strings as Python writes it. */
function pythonList(items: readonly string[]): string {
  return `[${items.map((item) => `'${item.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`).join(', ')}]`;
}
