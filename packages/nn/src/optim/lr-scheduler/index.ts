/** Learning-rate schedulers (`torch.optim.lr_scheduler`): `new optim.lrScheduler.StepLR(optimizer, { stepSize: 10 })`. */
export * from './combined.ts';
export * from './cosine.ts';
export * from './cyclic.ts';
export * from './factors.ts';
export * from './one-cycle.ts';
export * from './plateau.ts';
export * from './ramps.ts';
export {
  type LoadableSchedulerState,
  LRScheduler,
  type Rate,
  type SchedulerState,
} from './scheduler.ts';
