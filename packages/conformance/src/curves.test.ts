import { expect, test } from 'vitest';
import { Fixtures } from './fixtures.ts';
import { compareCurve, runCurve } from './suites/curves.ts';

const fixtures = new Fixtures();

test.each(['digits-cnn', 'lstm', 'transformer', 'resnet-18', 'autoencoder'])(
  'the losses of %s follow those of PyTorch from the same seed',
  (name) => {
    expect(
      compareCurve(fixtures, name, runCurve(fixtures, name, name === 'resnet-18' ? 6 : 20)),
    ).toMatchObject({
      reason: '',
      ok: true,
    });
  },
);

test('a loss that leaves the curve is told with its step', () => {
  const losses = runCurve(fixtures, 'autoencoder', 3);
  losses[1]! += 2e-5;
  expect(compareCurve(fixtures, 'autoencoder', losses)).toMatchObject({
    ok: false,
    reason: expect.stringContaining('step 2: loss'),
  });
});
