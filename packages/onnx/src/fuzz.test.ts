/** Damaged models are refused, or run, or fail in a named node: never a crash, a hang or another kind of error. */
import { GraphError } from '@sconce/graph';
import type { Tensor } from '@sconce/tensor';
import { describe, expect, test } from 'vitest';
import { OnnxError } from './errors.ts';
import { importOnnx } from './import.ts';
import { InferenceSession } from './session.ts';
import { fixtureBytes, fixtureTensors } from './testing/fixtures.ts';

/** Numbers that are the same in every run (xorshift32). */
function* seeded(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state >>> 0;
  }
}

/** Changes, removes or repeats a few bytes, mostly outside of the weights. */
function mutate(bytes: Uint8Array, random: Generator<number, never>): Uint8Array {
  let mutant = bytes.slice();
  const changes = 1 + (random.next().value % 4);
  for (let change = 0; change < changes; change++) {
    const place = random.next().value % mutant.length;
    const kind = random.next().value % 4;
    if (kind === 0) mutant[place] = random.next().value & 0xff;
    else if (kind === 1) mutant[place]! ^= 1 << (random.next().value % 8);
    else if (kind === 2) mutant = mutant.slice(0, place);
    else mutant.copyWithin(place, random.next().value % mutant.length, place + 8);
    if (mutant.length === 0) break;
  }
  return mutant;
}

async function outcome(bytes: Uint8Array, input: Tensor): Promise<string> {
  try {
    importOnnx(bytes);
    const session = await InferenceSession.create(bytes);
    await session.run(Object.fromEntries(session.inputNames.map((name) => [name, input])));
    return 'ran';
  } catch (error) {
    if (error instanceof OnnxError) return 'refused';
    if (error instanceof GraphError) return 'failed in a node';
    throw error;
  }
}

describe('damaged models', () => {
  test.each([
    ['models/digits/dynamo.onnx', 11],
    ['models/digits/legacy.onnx', 12],
    ['models/mobilenet-v3-narrow/legacy.onnx', 13],
  ])('%s', async (file, seed) => {
    const bytes = fixtureBytes(file);
    const folder = file.slice(0, file.lastIndexOf('/'));
    const input = fixtureTensors(`${folder}/trace.safetensors`).get('input')!;
    const random = seeded(seed);
    const counts: Record<string, number> = {};
    for (let index = 0; index < 200; index++) {
      const result = await outcome(mutate(bytes, random), input);
      counts[result] = (counts[result] ?? 0) + 1;
    }
    expect(counts['refused']).toBeGreaterThan(20);
    expect(counts['ran']).toBeGreaterThan(20);
  });
});
