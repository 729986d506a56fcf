/**
 * The module tree an ONNX file still shows: from the exporter's metadata (class names and full paths), else from node
 * scopes and the dotted names of initializers, which is all the older exporter leaves.
 */
import type { Graph, Node } from '@sconce/graph';

/** One module of the tree; the root has the empty path. */
export interface ModuleNode {
  /** Dotted path from the root, as PyTorch's `named_modules` gives it. */
  readonly path: string;
  /** The last part of the class's qualified name; absent where the file does not tell. */
  className?: string;
  /** The ONNX operators that ran directly in this module, in order. */
  readonly operators: string[];
  /** Initializers named directly below this path: leaf name to shape. */
  readonly parameters: Map<string, readonly number[]>;
  readonly children: Map<string, ModuleNode>;
}

const scopesKey = 'pkg.torch.onnx.name_scopes';
const classesKey = 'pkg.torch.onnx.class_hierarchy';
const ruleKey = 'pkg.onnxscript.rewriter.rule_name';
const foldedBatchNorm = /^FuseBatchNormInto/;

/** Rebuilds the module tree of a graph that PyTorch's exporters (either one) or `exportOnnx` wrote. */
export function moduleTree(graph: Graph): ModuleNode {
  const root = newNode('');
  const scopes = new ScopeNames(graph.nodes);
  for (const node of graph.nodes) {
    const found = fromMetadata(node) ?? scopes.pathsOf(node);
    if (found === undefined) continue;
    const owner = weightOwner(graph, node);
    // The newer exporter folds a batch norm into the convolution before it and leaves the batch norm's scope on it.
    const folded = owner !== undefined && foldedBatchNorm.test(node.metadata.get(ruleKey) ?? '');
    if (folded) place(root, owner).operators.push(node.opType);
    let last = root;
    for (const scope of found) last = place(root, scope);
    if (folded) continue;
    if (owner?.path === last.path && owner.className !== undefined) last.className ??= owner.className;
    last.operators.push(node.opType);
  }
  for (const [name, tensor] of graph.initializers) {
    const dot = name.lastIndexOf('.');
    // Values that an exporter folded have names of its own making, such as onnx::Conv_12, without a path.
    if (dot > 0 && !name.includes('::'))
      at(root, name.slice(0, dot)).parameters.set(name.slice(dot + 1), tensor.shape);
  }
  return root;
}

/**
 * The tree as text, nested as PyTorch prints modules: a name, its class where known, its operators and parameters.
 */
export function printModuleTree(root: ModuleNode, rootName: string): string {
  const lines = (node: ModuleNode, label: string, indent: string): string[] => {
    const parameters = [...node.parameters].map(([name, shape]) => `${name} [${shape.join(', ')}]`);
    const what = [node.className ?? '', node.children.size > 0 ? '' : node.operators.join(', ')].filter(
      (text) => text !== '',
    );
    const details = [...new Set(what)].join(': ');
    const head = `${indent}${label}${details === '' ? '' : ` ${details}`}${parameters.length > 0 ? `  (${parameters.join(', ')})` : ''}`;
    return [
      head,
      ...[...node.children].flatMap(([name, child]) => lines(child, `(${name}):`, `${indent}  `)),
    ];
  };
  return lines({ ...root, className: root.className ?? rootName }, '', '')
    .join('\n')
    .trimStart();
}

function newNode(path: string): ModuleNode {
  return { path, operators: [], parameters: new Map(), children: new Map() };
}

/** The node of a scope, with its class where the scope tells it. */
function place(root: ModuleNode, { path, className }: Scope): ModuleNode {
  const node = at(root, path);
  if (className !== undefined) node.className ??= className;
  return node;
}

/** The module that owns a node's weight, by the weight's dotted name, with the class that operator and rank imply. */
function weightOwner(graph: Graph, node: Node): Scope | undefined {
  const name = node.inputs[1] ?? '';
  const weight = graph.initializers.get(name);
  const dot = name.lastIndexOf('.');
  if (weight === undefined || dot < 0) return undefined;
  const classes: Readonly<Record<string, string>> = {
    Conv: `Conv${weight.ndim - 2}d`,
    ConvTranspose: `ConvTranspose${weight.ndim - 2}d`,
    Gemm: 'Linear',
  };
  const className = classes[node.opType];
  return { path: name.slice(0, dot), ...(className === undefined ? {} : { className }) };
}

/** The node at a path, made with its parents where it is missing. */
function at(root: ModuleNode, path: string): ModuleNode {
  let node = root;
  if (path === '') return node;
  const atoms = path.split('.');
  for (const [i, atom] of atoms.entries()) {
    let child = node.children.get(atom);
    if (child === undefined) {
      child = newNode(atoms.slice(0, i + 1).join('.'));
      node.children.set(atom, child);
    }
    node = child;
  }
  return node;
}

interface Scope {
  readonly path: string;
  readonly className?: string;
}

/** Full paths and classes from the newer exporter's metadata, root first; the last entry is the operator itself. */
function fromMetadata(node: Node): Scope[] | undefined {
  const paths = parsePythonList(node.metadata.get(scopesKey));
  const classes = parsePythonList(node.metadata.get(classesKey));
  if (paths === undefined || paths[0] !== '' || classes?.length !== paths.length) return undefined;
  return paths.slice(0, -1).map((path, i) => ({
    // A module called again carries the suffix @1, @2, ...
    path: path.replace(/@\d+$/, ''),
    className: (classes[i] ?? '').split('.').at(-1) ?? '',
  }));
}

/** Paths from node names such as `/layer1/layer1.0/conv1/Conv`, where each component holds the tail of its path. */
class ScopeNames {
  readonly #components: ReadonlySet<string>;

  constructor(nodes: readonly Node[]) {
    this.#components = new Set(nodes.flatMap(componentsOf));
  }

  pathsOf(node: Node): Scope[] | undefined {
    if (!node.name.startsWith('/')) return undefined;
    const scopes: Scope[] = [{ path: '' }];
    let path = '';
    let parent = '';
    for (const component of componentsOf(node)) {
      const name = this.#firstCall(component);
      const continued = parent !== '' && name.startsWith(`${parent}.`);
      if (continued) path += name.slice(parent.length);
      else path = path === '' ? name : `${path}.${name}`;
      parent = name;
      scopes.push({ path });
    }
    return scopes;
  }

  /** A module called again carries the suffix _1, _2, ... on its component. */
  #firstCall(component: string): string {
    const base = component.replace(/_\d+$/, '');
    return this.#components.has(base) ? base : component;
  }
}

function componentsOf(node: Node): string[] {
  return node.name.split('/').slice(1, -1);
}

/** A Python list of strings as `repr` writes it, or undefined when the text is not one. */
function parsePythonList(text: string | undefined): string[] | undefined {
  if (text === undefined || !text.startsWith('[') || !text.endsWith(']')) return undefined;
  return Array.from(text.slice(1, -1).matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g), (match) =>
    (match[1] ?? match[2] ?? '').replace(/\\(.)/g, '$1'),
  );
}
