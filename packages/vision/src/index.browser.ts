/** Images for models, in browsers: the face of `@sconce/vision` under the condition `browser`, without sharp. */

export { fromImageBitmap, fromImageData, toImageData } from './browser.ts';
export * from './common.ts';

import type { Channels, Image } from './image.ts';

/** How many channels an image has: 1 grayscale, 3 RGB, 4 with alpha. */
export function getImageNumChannels(image: Image): Channels {
  return image.channels;
}
