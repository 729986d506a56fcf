/** Anomaly mode: names the forward call behind a backward that fails or gives NaN. */

/** Whether it is on. */
export const anomaly: { enabled: boolean; checkNan: boolean } = { enabled: false, checkNan: true };

/** Switches anomaly mode on or off from here on (`torch.autograd.set_detect_anomaly`). */
export function setDetectAnomaly(enabled: boolean, checkNan: boolean = true): void {
  anomaly.enabled = enabled;
  anomaly.checkNan = checkNan;
}

/**
 * Runs `body` in anomaly mode (`torch.autograd.detect_anomaly`): operators recorded in it remember where they were
 * called; a backward in it that gives NaN is an error, and errors of a backward show the forward call. Slow.
 */
export function detectAnomaly<T>(body: () => T, options: { readonly checkNan?: boolean } = {}): T {
  const before = { ...anomaly };
  setDetectAnomaly(true, options.checkNan ?? true);
  try {
    return body();
  } finally {
    setDetectAnomaly(before.enabled, before.checkNan);
  }
}
