/** The Python modules that PyTorch's own layers live in, for qualified class names in metadata. */

const files: Readonly<Record<string, string>> = {
  activation:
    'ELU GELU Hardsigmoid Hardswish Hardtanh LeakyReLU LogSoftmax Mish PReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmax2d Softplus Tanh',
  batchnorm: 'BatchNorm1d BatchNorm2d BatchNorm3d',
  channelshuffle: 'ChannelShuffle',
  container: 'ModuleDict ModuleList Sequential',
  conv: 'Conv1d Conv2d ConvTranspose1d ConvTranspose2d',
  dropout: 'Dropout Dropout1d Dropout2d',
  flatten: 'Flatten Unflatten',
  linear: 'Identity Linear',
  normalization: 'GroupNorm LayerNorm',
  padding: 'ConstantPad2d ReflectionPad2d ReplicationPad2d ZeroPad2d',
  pixelshuffle: 'PixelShuffle PixelUnshuffle',
  pooling: 'AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveMaxPool2d AvgPool1d AvgPool2d MaxPool1d MaxPool2d',
  upsampling: 'Upsample UpsamplingBilinear2d UpsamplingNearest2d',
};

const modules = new Map(
  Object.entries(files).flatMap(([file, names]) => names.split(' ').map((name) => [name, file] as const)),
);

/** `torch.nn.modules.conv.Conv2d` for PyTorch's layers, `__main__.Net` for the user's own classes. */
export function torchClassName(name: string): string {
  const file = modules.get(name);
  return file === undefined ? `__main__.${name}` : `torch.nn.modules.${file}.${name}`;
}
