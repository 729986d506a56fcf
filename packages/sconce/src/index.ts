/** Everything under one name, as PyTorch users write it: `import * as torch from 'sconce'`. */
export {
  CheckpointError,
  load,
  loadSafetensors,
  readNpy,
  readNpz,
  saveSafetensors,
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
export * as onnx from '@sconce/onnx';
export * from '@sconce/tensor';
