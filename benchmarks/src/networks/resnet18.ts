// ResNet-18 (He et al., "Deep Residual Learning for Image Recognition", 2015) as an ONNX model with seeded random weights.

import { encodeSmallModel, type ModelNode } from '../onnx-model.ts';
import { fillUniform } from '../random.ts';

/** Channels of the four stages, each of two blocks. */
const STAGES = [64, 128, 256, 512] as const;

const CLASSES = 1000;

interface Constant {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Writes nodes one after the other, with weights whose spread keeps that of the activations. */
class Writer {
  readonly nodes: ModelNode[] = [];
  readonly constants: Record<string, Constant> = {};
  #seed = 1;

  constant(name: string, shape: readonly number[], range: readonly [number, number]): string {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    fillUniform(data, range, this.#seed++);
    this.constants[name] = { shape, data };
    return name;
  }

  node(
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: ModelNode['attributes'] = {},
  ): string {
    this.nodes.push({ op, inputs, output, attributes });
    return output;
  }

  /** A convolution and its batch normalization. */
  convolution(
    name: string,
    x: string,
    [from, to]: readonly [number, number],
    kernel: number,
    stride: number,
  ): string {
    const spread = Math.sqrt(6 / (from * kernel * kernel));
    const weights = this.constant(`${name}.weight`, [to, from, kernel, kernel], [-spread, spread]);
    const pad = kernel >> 1;
    const y = this.node('Conv', [x, weights], `${name}.conv`, {
      kernel_shape: { ints: [kernel, kernel] },
      strides: { ints: [stride, stride] },
      pads: { ints: [pad, pad, pad, pad] },
    });
    const statistics = [
      this.constant(`${name}.scale`, [to], [0.5, 1]),
      this.constant(`${name}.shift`, [to], [-0.2, 0.2]),
      this.constant(`${name}.mean`, [to], [-0.2, 0.2]),
      this.constant(`${name}.variance`, [to], [0.5, 1.5]),
    ];
    return this.node('BatchNormalization', [y, ...statistics], `${name}.norm`, { epsilon: { float: 1e-5 } });
  }

  relu(x: string): string {
    return this.node('Relu', [x], `${x}.relu`);
  }
}

/** The model, for images of 224 by 224 pixels. */
export function resnet18(): Uint8Array {
  const writer = new Writer();
  let x = writer.relu(writer.convolution('stem', 'image', [3, 64], 7, 2));
  x = writer.node('MaxPool', [x], 'pool', {
    kernel_shape: { ints: [3, 3] },
    strides: { ints: [2, 2] },
    pads: { ints: [1, 1, 1, 1] },
  });
  let from = 64;
  for (const [stage, channels] of STAGES.entries()) {
    for (let block = 0; block < 2; block++) {
      const name = `layer${stage + 1}.${block}`;
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const first = writer.relu(writer.convolution(`${name}.conv1`, x, [from, channels], 3, stride));
      const second = writer.convolution(`${name}.conv2`, first, [channels, channels], 3, 1);
      const skip =
        stride === 1 ? x : writer.convolution(`${name}.downsample`, x, [from, channels], 1, stride);
      x = writer.relu(writer.node('Add', [second, skip], `${name}.add`));
      from = channels;
    }
  }
  x = writer.node('GlobalAveragePool', [x], 'average');
  x = writer.node('Flatten', [x], 'flat');
  const spread = Math.sqrt(3 / from);
  const weights = writer.constant('fc.weight', [CLASSES, from], [-spread, spread]);
  const bias = writer.constant('fc.bias', [CLASSES], [-0.1, 0.1]);
  writer.node('Gemm', [x, weights, bias], 'logits', { transB: { int: 1 } });
  return encodeSmallModel({
    nodes: writer.nodes,
    inputs: { image: [1, 3, 224, 224] },
    constants: writer.constants,
    output: { name: 'logits', shape: [1, CLASSES] },
  });
}
