/** What a suite is: named cases, each judged on its own. */
import type { Comparison } from './compare.ts';
import type { Fixtures } from './fixtures.ts';

/** One case; an exception thrown by `judge` is the reason of its failure. */
export interface SuiteCase {
  readonly name: string;
  judge(): Comparison | Promise<Comparison>;
}

/** A suite: where its cases come from and how each is judged. */
export interface Suite {
  readonly name: string;
  /** One line for help texts and the docs. */
  readonly description: string;
  /** Whether it takes so long that it is run by name only. */
  readonly onRequest?: true;
  /** Versions of what made its references. */
  versions(fixtures: Fixtures): Readonly<Record<string, string>>;
  /** The cases, prepared one at a time. */
  cases(fixtures: Fixtures): Iterable<SuiteCase>;
}

/** Thrown by a case that needs a part Sconce does not have; it counts as unsupported, not as failed. */
export class UnsupportedCase extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'UnsupportedCase';
  }
}
