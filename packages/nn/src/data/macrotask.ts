/** Lets the event loop turn inside loops that would otherwise only wait for promises. */

const interval = 20;

/**
 * A function that resolves in a later macrotask when the last turn is some milliseconds ago, and at once otherwise. The
 * memory of unreachable tensors on WebAssembly is freed between macrotasks only.
 */
export function pacer(): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < interval) return undefined;
    return macrotask().then(() => {
      last = performance.now();
    });
  };
}

/** Resolves in a later macrotask. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
      return;
    }
    // A message is not held back by the four milliseconds that browsers add to nested timers.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
