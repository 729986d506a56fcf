/** The fixtures' models written in TypeScript, by the name of their folder below `fixtures/models`. */
import type { Module } from '@sconce/nn';
import { BinaryImageClassification } from './binary-image-classification.ts';
import { CatDetector } from './cat-detector.ts';
import { DigitsNet } from './digits.ts';
import { ResNet } from './resnet.ts';

export { BasicBlock, type ResNetOptions } from './resnet.ts';
export { BinaryImageClassification, CatDetector, DigitsNet, ResNet };

/** Makes each model with fresh weights. */
export const fixtureModels: Readonly<Record<string, () => Module>> = {
  digits: () => new DigitsNet(),
  'cat-classifier': () => new BinaryImageClassification(),
  'cat-detector': () => new CatDetector(),
  'resnet-narrow': () => new ResNet({ widths: [4, 6, 8, 12], numClasses: 10 }),
};
