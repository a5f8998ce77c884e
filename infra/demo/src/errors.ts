/** Something went wrong that the person at the prompt is to be told; the message says what and what to do. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
}

/** The run was ended by a signal. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  /** As shells count it: 128 and the signal's number. */
  readonly exitCode: number;

  constructor(signal: keyof typeof exitCodes) {
    super(`ended by ${signal}`);
    this.exitCode = exitCodes[signal];
  }
}

const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
export const endingSignals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
