/** Whether operators are recorded: PyTorch's grad mode and inference mode. */

/** The mode that is on. One object, so that the dispatcher reads it without a call. */
export const gradMode: { enabled: boolean; inference: boolean } = { enabled: true, inference: false };

/** Whether operators are recorded now. */
export function isGradEnabled(): boolean {
  return gradMode.enabled;
}

/** Whether {@link inferenceMode} is on. */
export function isInferenceModeEnabled(): boolean {
  return gradMode.inference;
}

/** Runs `body` with recording on or off, and puts the mode back. */
export function withGradMode<T>(enabled: boolean, body: () => T): T {
  const before = gradMode.enabled;
  gradMode.enabled = enabled;
  try {
    return body();
  } finally {
    gradMode.enabled = before;
  }
}

/**
 * Runs `body` without recording (`torch.no_grad`): results do not require gradients. Synchronous only: the mode is
 * back as before when `body` returns.
 */
export function noGrad<T>(body: () => T): T {
  return withGradMode(false, body);
}

/** Runs `body` with recording, inside of {@link noGrad} too (`torch.enable_grad`). */
export function enableGrad<T>(body: () => T): T {
  return withGradMode(true, body);
}

/** Switches recording on or off from here on (`torch.set_grad_enabled`). */
export function setGradEnabled(enabled: boolean): void {
  gradMode.enabled = enabled;
}

/**
 * Runs `body` without recording; what it makes can never take part in recorded work (`torch.inference_mode`).
 * Synchronous only.
 */
export function inferenceMode<T>(body: () => T): T {
  const before = gradMode.inference;
  gradMode.inference = true;
  try {
    return withGradMode(false, body);
  } finally {
    gradMode.inference = before;
  }
}
