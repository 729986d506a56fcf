/** The error for fixtures that are missing or not what they should be. */
export class FixtureError extends Error {
  readonly path: string;

  constructor(path: string, problem: string) {
    super(`fixtures: ${problem}: ${path}`);
    this.name = 'FixtureError';
    this.path = path;
  }
}
