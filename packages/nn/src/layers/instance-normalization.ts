/** Normalization of single instances: `InstanceNorm1d`, `InstanceNorm2d`, `InstanceNorm3d`. */
import type { Tensor } from '@sconce/tensor';
import { instanceNorm } from '../functional/index.ts';
import { readArguments } from '../module/arguments.ts';
import type { StateDictLoad } from '../module/state-dict.ts';
import { warn } from '../module/warn.ts';
import {
  type BatchNormArguments,
  type BatchNormOptions,
  batchNormDefaults,
  batchNormNames,
  checkInputDimensions,
  FeatureNorm,
} from './feature-norm.ts';

const defaults = { ...batchNormDefaults, affine: false, trackRunningStats: false };

/** Instance normalization whatever the number of dimensions. */
abstract class InstanceNorm extends FeatureNorm {
  /** The number of dimensions of an input without a batch. */
  protected abstract unbatchedDimensions(): number;

  override forward(x: Tensor): Tensor {
    const unbatched = this.unbatchedDimensions();
    checkInputDimensions(x, [unbatched, unbatched + 1]);
    const dim = x.ndim - unbatched;
    const size = x.shape[dim]!;
    if (size !== this.numFeatures) {
      if (this.affine) {
        throw new TypeError(
          `expected input's size at dim=${dim} to match num_features (${this.numFeatures}), but got: ${size}.`,
        );
      }
      warn(
        `input's size at dim=${dim} does not match num_features. You can silence this warning by not passing in num_features, which is not used because affine=False`,
      );
    }
    return dim === 0 ? this.normalize(x.unsqueeze(0)).squeeze(0) : this.normalize(x);
  }

  private normalize(x: Tensor): Tensor {
    return instanceNorm(x, this.running_mean, this.running_var, this.weight, this.bias, {
      useInputStats: this.training || !this.trackRunningStats,
      momentum: this.momentum ?? 0,
      eps: this.eps,
    });
  }

  /** State dicts without a version may hold running statistics that the layer does not keep: an error of its own. */
  override loadFromStateDict(load: StateDictLoad): void {
    if (load.metadata.version === undefined && !this.trackRunningStats) {
      const keys = ['running_mean', 'running_var'].map((name) => load.prefix + name);
      const found = keys.filter((key) => load.state.has(key));
      if (found.length > 0) {
        const [names, layer] = [found.map((key) => `"${key}"`).join(' and '), this.getName()];
        load.errors.push(
          `Unexpected running stats buffer(s) ${names} for ${layer} with track_running_stats=False. If state_dict is a checkpoint saved before 0.4.0, this may be expected because ${layer} does not track running stats by default since 0.4.0. Please remove these keys from state_dict. If the running stats are actually needed, instead set track_running_stats=True in ${layer} to enable them. See the documentation of ${layer} for details.`,
        );
        for (const key of found) load.state.delete(key);
      }
    }
    super.loadFromStateDict(load);
  }
}

/** Normalization of each channel of each sequence of [N, C, L] or [C, L] (`torch.nn.InstanceNorm1d`). */
export class InstanceNorm1d extends InstanceNorm {
  static override readonly className: string = 'InstanceNorm1d';

  constructor(...args: BatchNormArguments) {
    super(readArguments<BatchNormOptions>('InstanceNorm1d', batchNormNames, defaults, args));
  }

  protected override unbatchedDimensions(): number {
    return 2;
  }
}

/** Normalization of each channel of each image of [N, C, H, W] or [C, H, W] (`torch.nn.InstanceNorm2d`). */
export class InstanceNorm2d extends InstanceNorm {
  static override readonly className: string = 'InstanceNorm2d';

  constructor(...args: BatchNormArguments) {
    super(readArguments<BatchNormOptions>('InstanceNorm2d', batchNormNames, defaults, args));
  }

  protected override unbatchedDimensions(): number {
    return 3;
  }
}

/** Normalization of each channel of each volume of [N, C, D, H, W] or [C, D, H, W] (`torch.nn.InstanceNorm3d`). */
export class InstanceNorm3d extends InstanceNorm {
  static override readonly className: string = 'InstanceNorm3d';

  constructor(...args: BatchNormArguments) {
    super(readArguments<BatchNormOptions>('InstanceNorm3d', batchNormNames, defaults, args));
  }

  protected override unbatchedDimensions(): number {
    return 4;
  }
}
