/** Something went wrong that the person at the prompt is to be told; the message says what and what to do. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
}

/** The run is over because somebody wanted it so. */
export class Leaving extends Error {
  override readonly name = 'Leaving';
  readonly exitCode: number;

  constructor(why: string, exitCode = 0) {
    super(why);
    this.exitCode = exitCode;
  }
}

/** Signals that end the run, and its exit code then: 128 and the signal's number, as shells count it. */
export const endingSignals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
