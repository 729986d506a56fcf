/** Everything under one name, as PyTorch users write it: `import * as torch from 'sconce'`. */
export {
  CheckpointError,
  load,
  loadSafetensors,
  loadTorch,
  readNpy,
  readNpz,
  saveSafetensors,
  saveTorch,
  writeNpy,
} from '@sconce/checkpoint';
export {
  configureEngine,
  EngineError,
  engineInfo,
  getNumThreads,
  memoryStatistics,
  OutOfMemoryError,
  setNumThreads,
} from '@sconce/engine';
export * as nn from '@sconce/nn';
export { data, optim } from '@sconce/nn';
export * as onnx from '@sconce/onnx';
export * from '@sconce/tensor';
export * as utils from './utils.ts';
