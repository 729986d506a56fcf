/** The training scripts by name, each the twin of a Python one. */
export type { Digits } from './curve.ts';

import { trainAutoencoder } from './autoencoder.ts';
import type { TrainingScript } from './curve.ts';
import { trainDigitsCnn } from './digits-cnn.ts';
import { trainLstm } from './lstm.ts';
import { trainResnet } from './resnet.ts';
import { trainTransformer } from './transformer.ts';

export const trainingScripts: Readonly<Record<string, TrainingScript>> = {
  'digits-cnn': trainDigitsCnn,
  lstm: trainLstm,
  transformer: trainTransformer,
  'resnet-18': trainResnet,
  autoencoder: trainAutoencoder,
};
