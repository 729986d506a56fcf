// The engine's error classes, in one place so that callers can tell "no memory" from "wrong arguments".

/**
 * A request for memory that the engine cannot satisfy. It is thrown before any memory is touched or grown,
 * so whatever was allocated before stays valid.
 */
export class OutOfMemoryError extends Error {
  override readonly name = 'OutOfMemoryError';
  /** Bytes that were asked for. */
  readonly requested: number;
  /** Bytes of the largest request that could still have been satisfied. */
  readonly available: number;

  /** @param advice what a caller can do about it, where there is something */
  constructor(requested: number, available: number, cause?: unknown, advice?: string) {
    super(
      `allocate: out of memory, expected a request of at most ${available} bytes, got ${requested} bytes${advice === undefined ? '' : `. ${advice}`}`,
      cause === undefined ? undefined : { cause },
    );
    this.requested = requested;
    this.available = available;
  }
}

/**
 * A storage whose buffer was transferred away (`postMessage`, `structuredClone`, `ArrayBuffer.prototype.transfer`), so that
 * it holds no bytes any more.
 */
export class DetachedStorageError extends Error {
  override readonly name = 'DetachedStorageError';

  constructor(byteLength: number) {
    super(`storage: its buffer was transferred away, expected ${byteLength} bytes, got a detached buffer`);
  }
}

/** Arguments a kernel cannot work with; the message reads `kernel: problem, expected X, got Y`. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  /** The kernel or function that refused. */
  readonly operation: string;

  constructor(operation: string, problem: string, expected?: string | number, got?: string | number) {
    const detail = expected === undefined ? '' : `, expected ${expected}, got ${got}`;
    super(`${operation}: ${problem}${detail}`);
    this.operation = operation;
  }
}

/** An integer was to be divided by zero; nothing has been written. */
export class DivisionByZeroError extends EngineError {
  constructor(operation: string) {
    super(operation, 'ZeroDivisionError: integers cannot be divided by zero');
  }
}
