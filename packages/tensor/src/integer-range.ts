/** Which numbers may stand for an element of an integer dtype without being asked twice. */
import { type DType, dtypeInfo } from './dtype.ts';
import { fail } from './errors.ts';

/** Names of C's types, which PyTorch's message uses. */
const names: Partial<Record<DType, string>> = {
  int8: 'int8_t',
  int16: 'int16_t',
  int32: 'int',
  int64: 'int64_t',
  uint8: 'uint8_t',
  uint16: 'uint16_t',
  uint32: 'uint32_t',
  uint64: 'uint64_t',
};

/**
 * Refuses a number that an integer dtype cannot hold. As in PyTorch an unsigned dtype holds negative numbers too, as far as
 * their sizes: they wrap around.
 */
export function checkRange(operator: string, value: number | bigint | boolean, dtype: DType): void {
  const name = names[dtype];
  if (name === undefined || typeof value === 'boolean') return;
  const bits = dtypeInfo(dtype).bytes * 8;
  const unsigned = dtype.startsWith('u');
  const most = 2n ** BigInt(unsigned ? bits : bits - 1) - 1n;
  const least = unsigned ? -most : -most - 1n;
  // Numbers and bigints compare exactly; NaN is in no range.
  if (value >= least && value <= most) return;
  fail(operator, `value cannot be converted to type ${name} without overflow`);
}
