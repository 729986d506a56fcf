// TensorFlow.js as a peer: in this process, on the backend that the case names.

import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { count, type TensorCase } from './case.ts';
import type { Elements, PreparedPeer, TensorPeer } from './peer.ts';

/** TensorFlow.js. It has one thread in Node, whatever is asked for. */
export class TfjsPeer implements TensorPeer {
  readonly usesThreads: boolean = false;
  readonly versions: Readonly<Record<string, string>> = { tfjs: tf.version.tfjs };

  nameFor({ tfjs }: TensorCase): string {
    return `tfjs ${tfjs!.backend}`;
  }

  async prepare(
    { name, operands, tfjs }: TensorCase,
    data: Readonly<Record<string, Elements>>,
  ): Promise<PreparedPeer> {
    const { backend, prepare } = tfjs!;
    if (!(await tf.setBackend(backend))) throw new Error(`${name}: tfjs has no backend ${backend}`);
    await tf.ready();
    tf.engine().startScope();
    const tensors = Object.entries(operands).map(([its, { shape }]) => {
      const elements = data[its]!;
      const tensor =
        elements instanceof Float32Array
          ? tf.tensor(elements, [...shape], 'float32')
          : tf.tensor(Int32Array.from(elements, Number), [...shape], 'int32');
      return [its, tensor] as const;
    });
    const { call, finish = (result) => result } = prepare(tf, Object.fromEntries(tensors));
    return {
      results: async () => {
        const results = tf.tidy(() => [call()].flat().map(finish));
        const arrays = await Promise.all(results.map((one) => one.data()));
        tf.dispose(results);
        const all = new Float32Array(results.reduce((sum, { shape }) => sum + count(shape), 0));
        let at = 0;
        for (const array of arrays) {
          all.set(array as Float32Array, at);
          at += array.length;
        }
        return all;
      },
      lane: {
        repeat: (calls) => {
          for (let i = 0; i < calls; i++) tf.dispose(tf.tidy(() => [call()].flat()));
        },
      },
      release: () => {
        tf.engine().endScope();
        tf.disposeVariables();
      },
    };
  }
}
