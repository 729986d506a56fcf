/** `torch.autograd.graph`: looking at the graph that recording makes. */
export { GradNode as Node } from './node.ts';
export { savedTensorsHooks } from './saved.ts';
