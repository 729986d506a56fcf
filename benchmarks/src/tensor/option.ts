// The option that says where PyTorch is.

import { Option } from 'commander';

export function pythonOption(): Option {
  return new Option(
    '--python <path>',
    'a Python that has PyTorch; without one there is nothing beside its rows',
  ).env('SCONCE_PYTHON');
}
