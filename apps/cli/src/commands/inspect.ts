/** `sconce inspect`: what a model file or a checkpoint holds. */
import { load } from '@sconce/checkpoint';
import { type InferenceSession, type ModuleNode, moduleTree, printModuleTree } from '@sconce/onnx';
import type { Tensor } from '@sconce/tensor';
import { Command } from 'commander';
import { openSession } from '../session.ts';
import { print, printJson, table, userPath, withProgress } from '../terminal.ts';

const checkpointFile = /\.(pt|pth|safetensors|npy|npz)$/i;

export function inspectCommand(): Command {
  return new Command('inspect')
    .description('show what a model holds: operators, opsets, inputs, outputs, parameters, the module tree')
    .argument('<model>', 'an ONNX file, or a checkpoint (.pt, .pth, .safetensors, .npy, .npz)')
    .option('--json', 'print one JSON document')
    .action(async (path: string, options: { json?: boolean }) => {
      if (checkpointFile.test(path)) {
        const tensors = await withProgress(`reading ${path}`, () => load(userPath(path)));
        if (options.json)
          printJson({ parameters: describeTensors(tensors), total: countElements(tensors.values()) });
        else printTensors(tensors);
        return;
      }
      const session = await withProgress(`reading ${path}`, () => openSession(path));
      if (options.json) printJson(describeModel(session));
      else printModel(session);
    });
}

function describeModel(session: InferenceSession): object {
  const { metadata, graph } = session;
  return {
    producer: `${metadata.producerName} ${metadata.producerVersion}`.trim(),
    irVersion: metadata.irVersion,
    opsets: Object.fromEntries(
      [...metadata.opsets].map(([domain, version]) => [domain === '' ? 'ai.onnx' : domain, version]),
    ),
    metadata: Object.fromEntries(metadata.custom),
    inputs: session.inputs.map(({ name, dtype, shape }) => ({ name, dtype, shape: shape ?? null })),
    outputs: session.outputs.map(({ name, dtype, shape }) => ({ name, dtype, shape: shape ?? null })),
    operators: Object.fromEntries(countOperators(session)),
    parameters: describeTensors(graph.initializers),
    total: countElements(graph.initializers.values()),
    modules: describeModule(moduleTree(graph)),
  };
}

function printModel(session: InferenceSession): void {
  const { metadata, graph } = session;
  const opsets = [...metadata.opsets].map(
    ([domain, version]) => `${domain === '' ? 'ai.onnx' : domain} ${version}`,
  );
  print(`producer   ${metadata.producerName} ${metadata.producerVersion}`.trimEnd());
  print(`format     ONNX IR ${metadata.irVersion}, opsets ${opsets.join(', ')}`);
  for (const [key, value] of metadata.custom) print(`metadata   ${key}: ${value}`);
  const values = [
    ...session.inputs.map((value) => ['input', value] as const),
    ...session.outputs.map((value) => ['output', value] as const),
  ];
  for (const [kind, { name, dtype, shape }] of values) {
    print(
      `${kind.padEnd(10)} ${name}: ${dtype} ${shape === undefined ? 'of unknown rank' : `[${shape.map((size) => size ?? '?').join(', ')}]`}`,
    );
  }
  print(
    `parameters ${countElements(graph.initializers.values()).toLocaleString('en')} numbers in ${graph.initializers.size} tensors`,
  );
  print();
  print(
    table([['operator', 'nodes'], ...countOperators(session).map(([name, count]) => [name, String(count)])]),
  );
  print();
  print(printModuleTree(moduleTree(graph), graph.name));
}

function printTensors(tensors: ReadonlyMap<string, Tensor>): void {
  print(
    table([
      ['tensor', 'dtype', 'shape'],
      ...[...tensors].map(([name, { dtype, shape }]) => [name, dtype, `[${shape.join(', ')}]`]),
    ]),
  );
  print();
  print(`${countElements(tensors.values()).toLocaleString('en')} numbers in ${tensors.size} tensors`);
}

function describeTensors(tensors: ReadonlyMap<string, Tensor>): object {
  return Object.fromEntries([...tensors].map(([name, { dtype, shape }]) => [name, { dtype, shape }]));
}

function describeModule(node: ModuleNode): object {
  return {
    path: node.path,
    ...(node.className === undefined ? {} : { class: node.className }),
    operators: node.operators,
    parameters: Object.fromEntries(node.parameters),
    children: Object.fromEntries([...node.children].map(([name, child]) => [name, describeModule(child)])),
  };
}

/** Operators with how often each occurs, the most frequent first. */
function countOperators(session: InferenceSession): [string, number][] {
  const counts = new Map<string, number>();
  for (const { opType, domain } of session.graph.nodes) {
    const name = domain === '' ? opType : `${domain}::${opType}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].sort(([a, x], [b, y]) => y - x || a.localeCompare(b));
}

function countElements(tensors: Iterable<Tensor>): number {
  let total = 0;
  for (const tensor of tensors) total += tensor.numel();
  return total;
}
