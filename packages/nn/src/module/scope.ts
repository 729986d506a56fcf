/** Which modules are running now, outermost first: what a tracer needs to say where in a model an operator was called. */
import type { Callable } from './callable.ts';
import type { Module } from './module.ts';

/** One running module. */
export interface ModuleScope {
  readonly module: Module;
  /**
   * Dotted name below the outermost running module, `''` for that one itself, `undefined` for a module that is not
   * registered below it. A module registered under several names has the first.
   */
  readonly path: string | undefined;
  /** The class name as printed. */
  readonly className: string;
}

const running: Callable[] = [];

/** Notes that a module's `forward` begins. */
export function enterModule(module: Callable): void {
  running.push(module);
}

/** Notes that the innermost module's `forward` has ended. */
export function leaveModule(): void {
  running.pop();
}

/**
 * The modules whose `forward` is running, outermost first; empty outside of any call.
 *
 * Follows synchronous calls only: an asynchronous `forward` counts as ended at its first `await`.
 */
export function currentModuleScope(): readonly ModuleScope[] {
  const modules = running as unknown as readonly Module[];
  const root = modules[0];
  if (root === undefined) return [];
  const paths = new Map(root.namedModules().map(([path, module]) => [module, path]));
  return modules.map((module) => ({ module, path: paths.get(module), className: module.getName() }));
}
