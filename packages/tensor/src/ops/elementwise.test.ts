import { describe, expect, test } from 'vitest';
import {
  arange,
  fromTypedArray,
  full,
  lerp,
  ones,
  pow,
  promoteTypes,
  rsub,
  special,
  type Tensor,
  tensor,
  where,
  xlogy,
} from '../index.ts';

const x = (): Tensor => tensor([0.3, 0.4, 0.5]).requiresGrad_();
const y = tensor([0.6, 0.7, 0.8]);

/** Names that PyTorch's nodes have for these calls. */
const nodes: readonly (readonly [string, () => Tensor])[] = [
  ['AddBackward0', () => x().add(1)],
  ['RsubBackward0', () => rsub(x(), y)],
  ['RsubBackward1', () => x().rsub(1)],
  ['DivBackward0', () => x().trueDivide(y)],
  ['DivBackward2', () => x().div(y, { roundingMode: 'floor' })],
  ['RemainderBackward0', () => x().remainder(2)],
  ['RemainderBackward1', () => x().remainder(y)],
  ['FmodBackward0', () => x().fmod(2)],
  ['FmodBackward1', () => x().fmod(y)],
  ['PowBackward0', () => x().pow(2)],
  ['PowBackward1', () => x().pow(y)],
  ['PowBackward2', () => pow(2, x())],
  ['PowBackward0', () => x().floatPower(2)],
  ['PowBackward0', () => x().square()],
  ['ClampBackward1', () => x().clamp(0, 1)],
  ['ClampBackward0', () => x().clamp({ min: y })],
  ['ClampMinBackward0', () => x().clampMin(0)],
  ['ClampMaxBackward1', () => x().clampMax(y)],
  ['LerpBackward0', () => lerp(x(), y, 0.5)],
  ['LerpBackward1', () => lerp(x(), y, y)],
  ['RoundBackward0', () => x().round()],
  ['RoundBackward1', () => x().round({ decimals: 1 })],
  ['XlogyBackward0', () => x().xlogy(y)],
  ['XlogyBackward1', () => xlogy(2, x())],
  ['XlogyBackward2', () => x().xlogy(2)],
  ['CopysignBackward1', () => x().copysign(1)],
  ['Log1PBackward0', () => x().log1p()],
  ['Deg2RadBackward0', () => x().deg2rad()],
  ['MvlgammaBackward0', () => x().add(2).mvlgamma(2)],
  ['SpecialXlog1PyBackward0', () => special.xlog1py(x(), y)],
  ['SpecialI0EBackward0', () => special.i0e(x())],
  ['SpecialZetaBackward1', () => special.zeta(2, x())],
  ['WhereBackward0', () => where(y.gt(0), x(), 1)],
];

describe('elementwise operators', () => {
  test.each(nodes)('are recorded as %s', (name, call) => {
    expect(call().gradFn?.name).toBe(name);
  });

  test('lay their result out as the operands', () => {
    const turned = ones(3, 2).t();
    expect(turned.exp().stride()).toEqual([1, 2]);
    expect(turned.add(ones(2, 3)).stride()).toEqual([1, 2]);
    expect(ones(2, 3).add(turned).stride()).toEqual([3, 1]);
    expect(ones(2, 1).add(turned).stride()).toEqual([1, 2]);
    expect(ones(3, 1).expand(3, 4).exp().stride()).toEqual([4, 1]);
    expect(where(turned.gt(0), turned, turned).stride()).toEqual([1, 2]);
  });

  test('take numbers where PyTorch takes them', () => {
    expect(() => y.maximum(2 as never)).toThrow("argument 'other' (position 2) must be Tensor, not int");
    expect(() => y.add(null as never)).toThrow("argument 'other' (position 2) must be Tensor, not NoneType");
    expect(() => tensor([1n]).bitwiseAnd(y)).toThrow(`"bitwise_and_cpu" not implemented for 'Float'`);
  });

  test('write in place into the dtype that is there', () => {
    const single = tensor([1.5, 2.5]);
    expect(single.add_(tensor([0.25, 0.5], { dtype: 'float64' }))).toBe(single);
    expect(single.tolist()).toEqual([1.75, 3]);
    const whole = tensor([7n, -7n]);
    expect(whole.floorDivide_(2).tolist()).toEqual([3, -4]);
    expect(() => whole.div_(2)).toThrow("result type Float can't be cast to the desired output type Long");
    expect(single.gt_(2).tolist()).toEqual([0, 1]);
    const part = arange(6).reshape(2, 3).to('float32').t();
    expect(part.select(0, 1).mul_(10).tolist()).toEqual([10, 40]);
  });

  test('see every NaN, zero and infinity', () => {
    const special = tensor([Number.NaN, 0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    expect(special.signbit().tolist()).toEqual([false, false, true, false, true]);
    expect(special.nanToNum({ nan: 1 }).tolist()).toEqual([
      1, 0, -0, 3.4028234663852886e38, -3.4028234663852886e38,
    ]);
    expect(special.fmax(ones(5)).tolist()).toEqual([1, 1, 1, Number.POSITIVE_INFINITY, 1]);
    expect(special.isneginf().tolist()).toEqual([false, false, false, false, true]);
    expect(special.frexp().exponent.tolist()).toEqual([0, 0, 0, 0, 0]);
    const smallest = fromTypedArray(new Float64Array([5e-324, 1, -10]), [3]).frexp();
    expect(smallest.mantissa.tolist()).toEqual([0.5, 0.5, -0.625]);
    expect(smallest.exponent.tolist()).toEqual([-1073, 1, 4]);
  });

  test('refuse bounds that integers cannot hold', () => {
    const bytes = tensor([200], { dtype: 'uint8' });
    expect(() => bytes.clamp(0, 300)).toThrow('value cannot be converted to type uint8_t without overflow');
    expect(() => bytes.fill_(255.9)).toThrow('value cannot be converted to type uint8_t without overflow');
    expect(bytes.clamp(-5, 10).tolist()).toEqual([10]);
    expect(bytes.add(100).tolist()).toEqual([44]);
  });
});

describe('uint16, uint32 and uint64', () => {
  const most = 2n ** 64n - 1n;

  test('print, convert and wrap around', () => {
    const words = tensor([1, 2, 65535], { dtype: 'uint16' });
    expect(String(words)).toBe('tensor([    1,     2, 65535], dtype=torch.uint16)');
    expect(words.to('int8').tolist()).toEqual([1, 2, -1]);
    expect(words.sum().dtype).toBe('int64');
    expect(words.exp().dtype).toBe('float32');
    expect(words.add(words).tolist()).toEqual([2, 4, 65534]);
    const wide = full([2], most, { dtype: 'uint64' });
    expect(String(wide)).toBe('tensor([18446744073709551615, 18446744073709551615], dtype=torch.uint64)');
    expect(wide.tolist()).toEqual([most, most]);
    expect(wide.to('float32').tolist()).toEqual([2 ** 64, 2 ** 64]);
    expect(wide.gt(1).tolist()).toEqual([true, true]);
  });

  test('promote with floats and with themselves only', () => {
    expect(promoteTypes('uint16', 'float16')).toBe('float16');
    expect(promoteTypes('uint64', 'uint64')).toBe('uint64');
    const refused = 'Promotion for uint16, uint32, uint64 types is not supported, attempted to promote';
    expect(() => promoteTypes('uint16', 'bool')).toThrow(`${refused} UInt16 and Bool`);
    expect(() => promoteTypes('int32', 'uint64')).toThrow(`${refused} Int and UInt64`);
    expect(() => tensor([1], { dtype: 'uint32' }).add(tensor([1n]))).toThrow(`${refused} UInt32 and Long`);
  });
});
