import { fixtureBytes, fixtureJson } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import { importOnnx } from './import.ts';
import { type ModuleNode, moduleTree, printModuleTree } from './module-tree.ts';

interface ModelFile {
  readonly modules: readonly { readonly path: string; readonly class: string }[];
}

const tree = (model: string, file: string): ModuleNode =>
  moduleTree(importOnnx(fixtureBytes(`models/${model}/${file}`)));

function* walk(node: ModuleNode): Generator<ModuleNode> {
  yield node;
  for (const child of node.children.values()) yield* walk(child);
}

/** Modules that leave nothing in a graph in evaluation mode, and classes that an exporter merges away. */
const traceless = new Set(['Dropout', 'Identity']);

describe.each(['digits', 'resnet-narrow', 'mobilenet-v2-narrow', 'cat-classifier'])('%s', (model) => {
  const { modules } = fixtureJson<ModelFile>(`models/${model}/model.json`);

  test('the newer exporter leaves every path with its class', () => {
    const found = new Map([...walk(tree(model, 'dynamo.onnx'))].map((node) => [node.path, node.className]));
    for (const { path, class: className } of modules) {
      if (!traceless.has(className)) expect([path, found.get(path)]).toEqual([path, className]);
    }
  });

  test('the older exporter leaves the paths of all layers that were not folded', () => {
    const found = new Set([...walk(tree(model, 'legacy.onnx'))].map((node) => node.path));
    const folded = new Set([...traceless, 'BatchNorm2d']);
    for (const { path, class: className } of modules)
      if (!folded.has(className)) expect(found).toContain(path);
    for (const path of found) expect(modules.map((module) => module.path)).toContain(path);
  });
});

test('the text is nested as PyTorch prints modules, with operators and parameters', () => {
  const text = printModuleTree(tree('digits', 'dynamo.onnx'), 'main_graph');
  expect(text.split('\n')[0]).toBe('DigitsNet');
  expect(text).toContain('  (conv1): Conv2d: Conv  (weight [16, 1, 3, 3], bias [16])');
});
