/** `deepcopy`: copies of models that share nothing with the original. */
import { copyDeep } from './copying.ts';
import { emptyCopyOf } from './module.ts';

/**
 * A copy that shares no tensor with the original: of a module, a tensor, or a list, `Map`, `Set` or plain object of such.
 * What is in it twice is in the copy twice. Other objects and functions, hooks among them, are shared.
 *
 * A module is copied property by property, without running its constructor, so a class with `#private` members of its own
 * cannot be copied.
 *
 * @throws {Error} for a tensor that a recorded operation computed
 */
export function deepcopy<T>(value: T): T {
  return copyDeep(value, emptyCopyOf);
}
