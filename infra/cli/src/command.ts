/** What a command is given and gives back. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A line for people. */
  readonly out: (line: string) => void;
  /** A line about what went wrong. */
  readonly err: (line: string) => void;
}

/** `notAsWanted`: the command did its work and found something that is not as it should be. */
export const exitCodes = { fine: 0, failed: 1, notAsWanted: 2 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export interface Command {
  readonly summary: string;
  readonly help: string;
  /** @throws UsageError, and whatever else kept it from its work */
  run(args: readonly string[], terminal: Terminal): Promise<ExitCode>;
}

/** The command line makes no sense. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
