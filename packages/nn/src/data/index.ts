/** Datasets and their batches, after `torch.utils.data`: the namespace `data`. */
export { type Collated, defaultCollate, defaultConvert } from './collate.ts';
export {
  ChainDataset,
  ConcatDataset,
  type Dataset,
  type DatasetLike,
  type IterableDataset,
  StackDataset,
  type StackedItem,
  Subset,
  TensorDataset,
} from './dataset.ts';
export { DataLoader, type DataLoaderOptions } from './loader.ts';
export {
  BatchSampler,
  type BatchSamplerOptions,
  RandomSampler,
  type RandomSamplerOptions,
  type Sampler,
  type SamplerOptions,
  SequentialSampler,
  type Sized,
  SubsetRandomSampler,
  WeightedRandomSampler,
  type WeightedRandomSamplerOptions,
} from './sampler.ts';
export { type RandomSplitOptions, randomSplit } from './split.ts';
export { getWorkerInfo, type WorkerInfo } from './worker-info.ts';
