/** Errors thrown in a model say in which layer. */
import { currentModuleScope } from './scope.ts';

/** Errors that have been given a place, so that modules further out leave them alone. */
const located = new WeakSet<Error>();

/**
 * Adds the innermost running module to an error's message: `... (in layer1.0.conv1: Conv2d)`. The error stays the same
 * object, and gets one place only. An error of the outermost module itself is left as it is: its caller knows where.
 */
export function locateError(error: unknown): void {
  if (!(error instanceof Error) || located.has(error)) return;
  located.add(error);
  const modules = currentModuleScope();
  const innermost = modules.at(-1);
  if (innermost === undefined || modules.length === 1) return;
  const { path, className } = innermost;
  const place = path === undefined ? className : `${path}: ${className}`;
  // Engines write the message into the stack when it is first read.
  const { message, stack } = error;
  error.message = `${message} (in ${place})`;
  if (message !== '' && stack?.includes(message)) error.stack = stack.replace(message, () => error.message);
}
