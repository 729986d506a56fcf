/** The one error of this package. */

/** Where an error is: the file as the caller named it, and the entry (tensor, archive member) in it. */
export interface Place {
  readonly file?: string | undefined;
  readonly entry?: string | undefined;
}

/** A checkpoint that cannot be read or written. The message reads `file: entry: what is wrong, expected X, got Y`. */
export class CheckpointError extends Error {
  override readonly name: string = 'CheckpointError';
  /** The file as the caller named it; undefined for bytes without a name. */
  readonly file: string | undefined;
  /** The tensor or archive member at fault; undefined for the file as a whole. */
  readonly entry: string | undefined;
  /** What is wrong, and what was expected. */
  readonly what: string;

  constructor(what: string, place: Place = {}, options?: ErrorOptions) {
    super([place.file, place.entry, what].filter((part) => part !== undefined).join(': '), options);
    this.file = place.file;
    this.entry = place.entry;
    this.what = what;
  }
}
