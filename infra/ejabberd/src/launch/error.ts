/** Why no server came up. */
export type LaunchErrorCode =
  /** Settings given by the caller or the environment make no sense; the message names each. */
  | 'invalid-settings'
  /** No server, and nothing on this machine that could run one. */
  | 'nothing-to-run'
  /** A helper program (apt-get, docker, openssl, …) failed. */
  | 'command-failed'
  /** The server ended, or reported a fatal problem, before it was ready. */
  | 'start-failed'
  /** Another program took a port of the server's before it could, several times over. */
  | 'port-taken'
  /** The server was not ready in the time allowed. */
  | 'start-timeout'
  /** Another server runs in the folder that was given. */
  | 'folder-in-use'
  /** A running server refused an administrative call. */
  | 'api-refused';

/** The one error class of this package. The message says what happened and what to do. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
  readonly code: LaunchErrorCode;

  constructor(code: LaunchErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** What any thrown value says. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** True for a {@link LaunchError}, of this or another copy of the package. */
export const isLaunchError = (error: unknown): error is LaunchError =>
  error instanceof Error && error.name === 'LaunchError' && 'code' in error;
