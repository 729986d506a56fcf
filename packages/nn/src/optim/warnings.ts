/** Warnings in PyTorch's words. As Python does, each text is shown once. */

const shown = new Set<string>();

/** Warns, unless the same was said before. */
export function warnOnce(message: string): void {
  if (shown.has(message)) return;
  shown.add(message);
  console.warn(message);
}
