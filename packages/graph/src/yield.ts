/** Gives the event loop a turn, in Node and in browsers. */

/** Resolves in a later macrotask, so that timers, input and rendering get their turn. */
export function yieldToEventLoop(): Promise<void> {
  const { setImmediate: immediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };
  return new Promise((resolve) => {
    if (immediate) {
      immediate(resolve);
      return;
    }
    // A message is not held back by the four milliseconds that browsers add to nested timers.
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      resolve();
    };
    channel.port2.postMessage(null);
  });
}
