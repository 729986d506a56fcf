/** The seeds that loaders and samplers draw, as PyTorch draws them. */
import { empty, type Generator } from '@sconce/tensor';

/** A whole number from 0 to 2^63 - 1: `torch.empty((), dtype=torch.int64).random_(generator=generator).item()`. */
export function drawSeed(generator?: Generator): bigint {
  const drawn = empty([], { dtype: 'int64' }).random_(generator === undefined ? {} : { generator });
  return BigInt(drawn.item() as number | bigint);
}
