/** Signal processing: PyTorch's `torch.signal`. */
export * as windows from './windows.ts';
