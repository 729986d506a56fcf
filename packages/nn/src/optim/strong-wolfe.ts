/** A line search that ends where the strong Wolfe conditions hold (`torch.optim.lbfgs._strong_wolfe`). */
import { Tensor } from '@sconce/tensor';

/** A number, or a tensor of one element, which rounds what is computed with it to its dtype. */
type Scalar = number | Tensor;

/** What is searched along. */
export interface LineSearch {
  /** Loss and gradient at a step along the direction. */
  readonly evaluate: (step: Scalar) => { loss: number; gradient: Tensor };
  /** The first step that is tried. */
  readonly step: Scalar;
  readonly direction: Tensor;
  /** Loss, gradient, and slope along the direction where the search starts. */
  readonly loss: number;
  readonly gradient: Tensor;
  readonly slope: Tensor;
  readonly maxEvaluations: number;
}

/** Where the search ended. */
export interface LineSearchResult {
  readonly loss: number;
  readonly gradient: Tensor;
  readonly step: Scalar;
  readonly evaluations: number;
}

/** How much the loss must fall, and how much the slope. */
const [C1, C2] = [1e-4, 0.9];
const TOLERANCE = 1e-9;

/** One place on the line. */
interface Place {
  readonly step: Scalar;
  readonly loss: number;
  readonly gradient: Tensor;
  /** Nothing where the search gave up before it was known. */
  readonly slope: Scalar | undefined;
}

/** Searches a step along a direction. */
export function strongWolfe(search: LineSearch): LineSearchResult {
  const { direction, loss, slope, maxEvaluations } = search;
  const size = direction.abs().max();
  const start: Place = { step: 0, loss, gradient: search.gradient.clone(), slope };
  let evaluations = 0;
  const visit = (step: Scalar): Place => {
    const { loss, gradient } = search.evaluate(step);
    evaluations++;
    return { step, loss, gradient, slope: gradient.dot(direction) };
  };
  /** Whether the loss has not fallen enough for the step. */
  const tooHigh = (place: Place): boolean =>
    place.loss > numberOf(plus(times(times(C1, place.step), slope), loss));
  const flat = (place: Place): boolean => Math.abs(numberOf(place.slope!)) <= numberOf(times(-C2, slope));

  let place = visit(search.step);
  let previous = start;
  let iterations = 0;
  let bracket: [Place] | [Place, Place] | undefined;
  let done = false;
  while (iterations < maxEvaluations) {
    if (tooHigh(place) || (iterations > 1 && place.loss >= previous.loss)) {
      bracket = [previous, place];
      break;
    }
    if (flat(place)) {
      bracket = [place];
      done = true;
      break;
    }
    if (numberOf(place.slope!) >= 0) {
      bracket = [previous, place];
      break;
    }
    const bounds: [Scalar, Scalar] = [
      plus(place.step, times(0.01, minus(place.step, previous.step))),
      times(place.step, 10),
    ];
    const next = cubicMinimum(previous, place, bounds);
    previous = place;
    place = visit(next);
    iterations++;
  }
  bracket ??= [
    { ...start, slope: undefined },
    { ...place, slope: undefined },
  ];

  let [low, high] = bracket[0].loss <= bracket.at(-1)!.loss ? [0, 1] : [1, 0];
  let insufficient = false;
  while (!done && iterations < maxEvaluations) {
    const [a, b] = bracket as [Place, Place];
    if (numberOf(times(absolute(minus(b.step, a.step)), size)) < TOLERANCE) break;
    let step = cubicMinimum(a, b);
    const [least, most] = numberOf(a.step) <= numberOf(b.step) ? [a.step, b.step] : [b.step, a.step];
    const margin = times(0.1, minus(most, least));
    const [toMost, toLeast] = [minus(most, step), minus(step, least)];
    if (Math.min(numberOf(toMost), numberOf(toLeast)) < numberOf(margin)) {
      const outside = numberOf(step) >= numberOf(most) || numberOf(step) <= numberOf(least);
      if (insufficient || outside) {
        const nearMost = Math.abs(numberOf(toMost)) < Math.abs(numberOf(toLeast));
        step = nearMost ? minus(most, margin) : plus(least, margin);
        insufficient = false;
      } else insufficient = true;
    } else insufficient = false;
    place = visit(step);
    iterations++;
    const pair = bracket as [Place, Place];
    if (tooHigh(place) || place.loss >= pair[low]!.loss) {
      pair[high] = place;
      [low, high] = pair[0].loss <= pair[1].loss ? [0, 1] : [1, 0];
    } else {
      if (flat(place)) done = true;
      else if (numberOf(place.slope!) * (numberOf(pair[high]!.step) - numberOf(pair[low]!.step)) >= 0) {
        pair[high] = pair[low]!;
      }
      pair[low] = place;
    }
  }
  const end = bracket[low as 0]!;
  return { loss: end.loss, gradient: end.gradient, step: end.step, evaluations };
}

/** Where the cubic through two places with their slopes is smallest, within the bounds. */
function cubicMinimum(a: Place, b: Place, bounds?: readonly [Scalar, Scalar]): Scalar {
  const ordered = numberOf(a.step) <= numberOf(b.step);
  const [low, high] = bounds ?? (ordered ? [a.step, b.step] : [b.step, a.step]);
  const [slopeA, slopeB] = [a.slope!, b.slope!];
  const rise = over(3 * (a.loss - b.loss), minus(a.step, b.step));
  const d1 = minus(plus(slopeA, slopeB), rise);
  const square = minus(times(d1, d1), times(slopeA, slopeB));
  if (!(numberOf(square) >= 0)) return over(plus(low, high), 2);
  const d2 = square instanceof Tensor ? square.sqrt() : Math.sqrt(square);
  const [near, far] = ordered ? [a, b] : [b, a];
  const top = minus(plus(far.slope!, d2), d1);
  const bottom = plus(minus(far.slope!, near.slope!), times(2, d2));
  const place = minus(far.step, times(minus(far.step, near.step), over(top, bottom)));
  // As Python's min(max(place, low), high): NaN stays.
  const raised = numberOf(low) > numberOf(place) ? low : place;
  return numberOf(high) < numberOf(raised) ? high : raised;
}

// ---- arithmetic that becomes that of tensors as soon as a tensor takes part

function plus(a: Scalar, b: Scalar): Scalar {
  if (a instanceof Tensor) return a.add(b);
  return b instanceof Tensor ? b.add(a) : a + b;
}

function minus(a: Scalar, b: Scalar): Scalar {
  if (a instanceof Tensor) return a.sub(b);
  return b instanceof Tensor ? b.rsub(a) : a - b;
}

function times(a: Scalar, b: Scalar): Scalar {
  if (a instanceof Tensor) return a.mul(b);
  return b instanceof Tensor ? b.mul(a) : a * b;
}

function over(a: Scalar, b: Scalar): Scalar {
  if (a instanceof Tensor) return a.div(b);
  return b instanceof Tensor ? b.reciprocal().mul(a) : a / b;
}

function absolute(a: Scalar): Scalar {
  return a instanceof Tensor ? a.abs() : Math.abs(a);
}

function numberOf(value: Scalar): number {
  return value instanceof Tensor ? Number(value.item()) : value;
}
