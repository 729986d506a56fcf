/** PyTorch, safetensors and NumPy files, read and written safely: the face of `@sconce/checkpoint`. */
export { CheckpointError } from './errors.ts';
export { load, loadSafetensors, loadTorch, saveSafetensors, saveTorch } from './load.ts';
export { readNpy, readNpz, writeNpy } from './npy.ts';
export {
  openSafetensors,
  type ReadOptions,
  readSafetensors,
  type SafetensorsEntry,
  type SafetensorsFile,
  writeSafetensors,
} from './safetensors.ts';
export { readStateDict, readTorch, type TorchValue } from './torch.ts';
export { type TorchSaveable, writeTorch } from './torch-write.ts';
