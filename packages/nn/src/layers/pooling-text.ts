/** How pooling layers print their windows. */
import { pythonText } from '../module/python-text.ts';

type Size = number | readonly number[];

/** The part of the printed text that most pooling layers share. */
export function windowText(layer: {
  readonly kernelSize: Size;
  readonly stride: Size;
  readonly padding: Size;
}): string {
  const { kernelSize, stride, padding } = layer;
  return `kernel_size=${pythonText(kernelSize)}, stride=${pythonText(stride)}, padding=${pythonText(padding)}`;
}
