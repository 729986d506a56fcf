/** PyTorch's `torch.utils`: `torch.utils.data`. */
export { data } from '@sconce/nn';
