/** Padding layers over sequences, images and volumes. */
import {
  CircularPad,
  ConstantPad,
  type ConstantPadArguments,
  EdgePad,
  type PadArguments,
  ZeroPad,
} from './padding-base.ts';
import type { Padding1, Padding2, Padding3 } from './size.ts';

/** Pads [N, C, L] or [C, L] with zeros (`torch.nn.ZeroPad1d`). */
export class ZeroPad1d extends ZeroPad {
  static override readonly className: string = 'ZeroPad1d';

  constructor(...args: PadArguments<Padding1>) {
    super('ZeroPad1d', 1, args);
  }
}

/** Pads [N, C, H, W] or [C, H, W] with zeros (`torch.nn.ZeroPad2d`). */
export class ZeroPad2d extends ZeroPad {
  static override readonly className: string = 'ZeroPad2d';

  constructor(...args: PadArguments<Padding2>) {
    super('ZeroPad2d', 2, args);
  }
}

/** Pads [N, C, D, H, W] or [C, D, H, W] with zeros (`torch.nn.ZeroPad3d`). */
export class ZeroPad3d extends ZeroPad {
  static override readonly className: string = 'ZeroPad3d';

  constructor(...args: PadArguments<Padding3>) {
    super('ZeroPad3d', 3, args);
  }
}

/** Pads [N, C, L] or [C, L] with a number (`torch.nn.ConstantPad1d`). */
export class ConstantPad1d extends ConstantPad {
  static override readonly className: string = 'ConstantPad1d';

  constructor(...args: ConstantPadArguments<Padding1>) {
    super('ConstantPad1d', 1, args);
  }
}

/** Pads [N, C, H, W] or [C, H, W] with a number (`torch.nn.ConstantPad2d`). */
export class ConstantPad2d extends ConstantPad {
  static override readonly className: string = 'ConstantPad2d';

  constructor(...args: ConstantPadArguments<Padding2>) {
    super('ConstantPad2d', 2, args);
  }
}

/** Pads [N, C, D, H, W] or [C, D, H, W] with a number (`torch.nn.ConstantPad3d`). */
export class ConstantPad3d extends ConstantPad {
  static override readonly className: string = 'ConstantPad3d';

  constructor(...args: ConstantPadArguments<Padding3>) {
    super('ConstantPad3d', 3, args);
  }
}

/** Pads [N, C, L] or [C, L] with its mirror image, without the edge (`torch.nn.ReflectionPad1d`). */
export class ReflectionPad1d extends EdgePad {
  static override readonly className: string = 'ReflectionPad1d';

  constructor(...args: PadArguments<Padding1>) {
    super('ReflectionPad1d', 1, 'reflect', args);
  }
}

/** Pads [N, C, H, W] or [C, H, W] with its mirror image, without the edge (`torch.nn.ReflectionPad2d`). */
export class ReflectionPad2d extends EdgePad {
  static override readonly className: string = 'ReflectionPad2d';

  constructor(...args: PadArguments<Padding2>) {
    super('ReflectionPad2d', 2, 'reflect', args);
  }
}

/** Pads [N, C, D, H, W] or [C, D, H, W] with its mirror image, without the edge (`torch.nn.ReflectionPad3d`). */
export class ReflectionPad3d extends EdgePad {
  static override readonly className: string = 'ReflectionPad3d';

  constructor(...args: PadArguments<Padding3>) {
    super('ReflectionPad3d', 3, 'reflect', args);
  }
}

/** Pads [N, C, L] or [C, L] with its edge (`torch.nn.ReplicationPad1d`). */
export class ReplicationPad1d extends EdgePad {
  static override readonly className: string = 'ReplicationPad1d';

  constructor(...args: PadArguments<Padding1>) {
    super('ReplicationPad1d', 1, 'replicate', args);
  }
}

/** Pads [N, C, H, W] or [C, H, W] with its edge (`torch.nn.ReplicationPad2d`). */
export class ReplicationPad2d extends EdgePad {
  static override readonly className: string = 'ReplicationPad2d';

  constructor(...args: PadArguments<Padding2>) {
    super('ReplicationPad2d', 2, 'replicate', args);
  }
}

/** Pads [N, C, D, H, W] or [C, D, H, W] with its edge (`torch.nn.ReplicationPad3d`). */
export class ReplicationPad3d extends EdgePad {
  static override readonly className: string = 'ReplicationPad3d';

  constructor(...args: PadArguments<Padding3>) {
    super('ReplicationPad3d', 3, 'replicate', args);
  }
}

/** Pads [N, C, L] or [C, L] with its other side (`torch.nn.CircularPad1d`). */
export class CircularPad1d extends CircularPad {
  static override readonly className: string = 'CircularPad1d';

  constructor(...args: PadArguments<Padding1>) {
    super('CircularPad1d', 1, args);
  }
}

/** Pads [N, C, H, W] or [C, H, W] with its other side (`torch.nn.CircularPad2d`). */
export class CircularPad2d extends CircularPad {
  static override readonly className: string = 'CircularPad2d';

  constructor(...args: PadArguments<Padding2>) {
    super('CircularPad2d', 2, args);
  }
}

/** Pads [N, C, D, H, W] or [C, D, H, W] with its other side (`torch.nn.CircularPad3d`). */
export class CircularPad3d extends CircularPad {
  static override readonly className: string = 'CircularPad3d';

  constructor(...args: PadArguments<Padding3>) {
    super('CircularPad3d', 3, args);
  }
}
