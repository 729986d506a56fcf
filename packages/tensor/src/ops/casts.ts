/** Methods that convert to a dtype by its C name. They are methods only: as functions these names are the dtypes. */
import type { DType } from '../dtype.ts';
import type { Tensor } from '../tensor.ts';

function castTo(dtype: DType): (x: Tensor) => Tensor {
  return (x) => x.to(dtype);
}

/** The methods, by name. */
export const casts: Readonly<Record<keyof CastMethods, (x: Tensor) => Tensor>> = {
  bfloat16: castTo('bfloat16'),
  bool: castTo('bool'),
  byte: castTo('uint8'),
  char: castTo('int8'),
  double: castTo('float64'),
  float: castTo('float32'),
  half: castTo('float16'),
  int: castTo('int32'),
  long: castTo('int64'),
  short: castTo('int16'),
};

/** Conversions as methods; each returns the tensor itself if it has the dtype already. */
export interface CastMethods {
  /** As bfloat16. */
  bfloat16(): Tensor;
  /** As bool. */
  bool(): Tensor;
  /** As uint8. */
  byte(): Tensor;
  /** As int8. */
  char(): Tensor;
  /** As float64. */
  double(): Tensor;
  /** As float32. */
  float(): Tensor;
  /** As float16. */
  half(): Tensor;
  /** As int32. */
  int(): Tensor;
  /** As int64. */
  long(): Tensor;
  /** As int16. */
  short(): Tensor;
}
