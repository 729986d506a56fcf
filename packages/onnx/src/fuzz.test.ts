/** Damaged models are refused, or run, or fail in a named node: never a crash, a hang or another kind of error. */
import { GraphError } from '@sconce/graph';
import type { Tensor } from '@sconce/tensor';
import { fixtureBytes, mutants } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import { OnnxError } from './errors.ts';
import { importOnnx } from './import.ts';
import { InferenceSession } from './session.ts';
import { fixtureTensors } from './testing/fixtures.ts';

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
    const counts: Record<string, number> = {};
    for (const mutant of mutants(bytes, 200, seed)) {
      const result = await outcome(mutant, input);
      counts[result] = (counts[result] ?? 0) + 1;
    }
    expect(counts['refused']).toBeGreaterThan(20);
    expect(counts['ran']).toBeGreaterThan(20);
  });
});
