/** Python's rounding, on which Pillow's and torchvision's sizes rest. */

/** The nearest integer; halves go to the even one, as Python's `round` does. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The nearest value of 0 to 255. */
export function clamp8(value: number): number {
  return Math.min(255, Math.max(0, value));
}
