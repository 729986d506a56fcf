// What goes between a benchmark and the place where it measures, as JSON.

/** A value, or the message of the error in its place. */
export type Answer<T> = { readonly value: T } | { readonly error: string };

/** What a place tells once it is ready. */
export interface WebStarted {
  /** The target of the engine. */
  readonly engine: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** Turns errors into answers. */
export async function answerOf<T>(body: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await body() };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

/** Turns answers into errors. @throws Error */
export function unwrap<T>(answer: Answer<T>): T {
  if ('error' in answer) throw new Error(answer.error);
  return answer.value;
}
