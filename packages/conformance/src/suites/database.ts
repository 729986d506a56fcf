/** What the suites of PyTorch's own databases share: comparing nested results, gradients and refusals. */
import { Tensor } from '@sconce/tensor';
import { type Comparison, combineComparisons, compareTensors } from '../compare.ts';
import { UnsupportedCase } from '../suite.ts';

/** Judges a case; one that is known to differ, for a reason that is given, says so instead of failing. */
export function judgeKnown(gap: string | undefined, judge: () => Comparison): Comparison {
  if (gap === undefined) return judge();
  try {
    const result = judge();
    if (result.ok) return result;
  } catch {
    // The reason is known.
  }
  throw new UnsupportedCase(gap);
}

/** A result's tensors and plain values in order. */
export function flatten(value: unknown): unknown[] {
  if (value instanceof Tensor || typeof value !== 'object' || value === null) return [value];
  return Object.values(value).flatMap(flatten);
}

/**
 * Compares a call's results, one after another.
 *
 * @param distances how far each of PyTorch's float32 tensors is from its float64 one
 */
export function compareAll(
  found: readonly unknown[],
  expected: readonly unknown[],
  distances: readonly number[] | undefined,
): Comparison {
  if (found.length !== expected.length)
    throw new Error(`expected ${expected.length} outputs, got ${found.length}`);
  let tensor = 0;
  return combineComparisons(
    expected.map((value, i) => {
      const own = found[i];
      if (value instanceof Tensor) {
        if (!(own instanceof Tensor)) throw new Error(`output ${i}: expected a tensor, got ${typeof own}`);
        return named(compareClose(own, value, distances?.[tensor++]), `output ${i}`);
      }
      const ok =
        Object.is(own, value) ||
        (typeof value === 'number' && Math.abs(Number(own) - value) <= 1e-6 * Math.abs(value));
      return outcome(ok, `output ${i}: expected ${String(value)}, got ${String(own)}`);
    }),
  );
}

/** Compares elementwise, or within twice PyTorch's own distance between float32 and float64 where that is larger. */
export function compareClose(found: Tensor, expected: Tensor, distance?: number): Comparison {
  return compareTensors(found, expected, {
    kind: 'elementwise',
    ...(distance === undefined ? {} : { distance }),
  });
}

/** Compares a gradient; PyTorch may say "none" where others say zero, and the other way round. */
export function compareGradient(
  found: Tensor | null,
  expected: Tensor | null,
  what: string,
  distance?: number,
): Comparison {
  if (expected === null) return outcome(found === null || isZero(found), `${what}: expected none`);
  if (found === null) return outcome(isZero(expected), `${what}: expected one, got none`);
  return named(compareClose(found, expected, distance), what);
}

/**
 * Judges a call that has to be refused.
 *
 * @param message a regular expression of Python's that PyTorch's message matches
 */
export function compareRefusal(call: () => unknown, message: string): Comparison {
  // Python has flags inside, and a bracket right after the opening one stands for itself there.
  const wanted = new RegExp(message.replace(/\(\?s\)|\(\?i\)/g, '').replaceAll('[]]', '\\]'), 's');
  try {
    call();
  } catch (error) {
    if (error instanceof UnsupportedCase) throw error;
    const text = error instanceof Error ? error.message : String(error);
    return outcome(wanted.test(text), `expected an error like "${message}", got "${text}"`);
  }
  return {
    ok: false,
    maxAbs: null,
    maxRel: null,
    reason: `expected an error like "${message}", got none`,
  };
}

/** Compares what something prints, letter for letter. */
export function comparePrinted(printing: object, expected: string): Comparison {
  const found = String(printing);
  return outcome(
    found === expected,
    `printed text: expected ${JSON.stringify(expected)}, got ${JSON.stringify(found)}`,
  );
}

/** A comparison that is right or wrong as a whole. */
export function outcome(ok: boolean, reason: string): Comparison {
  return { ok, maxAbs: 0, maxRel: 0, reason: ok ? '' : reason };
}

/** A comparison whose reason says what was compared. */
export function named(comparison: Comparison, what: string): Comparison {
  return comparison.ok ? comparison : { ...comparison, reason: `${what}: ${comparison.reason}` };
}

function isZero(tensor: Tensor): boolean {
  return tensor.eq(0).all().item() === true;
}
