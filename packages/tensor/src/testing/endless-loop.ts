/**
 * A program for the tests of memory: makes and drops tensors of 64 MB for as long as that goes, without ever yielding, and
 * prints the error that it ends in. With the argument `scope` it makes 200 of them, each in a scope of its own.
 */
import { empty, scope } from '../index.ts';

const ELEMENTS = 2 ** 24;

try {
  let made = 0;
  while (made < 200) {
    if (process.argv[2] === 'scope') scope(() => empty(ELEMENTS).numel());
    else empty(ELEMENTS);
    made++;
  }
  console.log(JSON.stringify({ made }));
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.log(JSON.stringify({ name: error.name, message: error.message }));
}
