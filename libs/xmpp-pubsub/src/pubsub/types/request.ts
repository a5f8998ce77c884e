/** What every call that waits for the service takes. */
export interface RequestOptions {
  /** Ends the call with `aborted`; whether the service acted is then unknown. */
  readonly signal?: AbortSignal;
  /** Time to wait for the answer, in milliseconds. @default that of the session */
  readonly timeoutMs?: number;
}
