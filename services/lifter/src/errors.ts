/** Every way in which a lifter cannot be set up. Each code has a paragraph in `docs/errors.md`. */
export type LifterErrorCode =
  /** A definition given to `defineHandler` makes no sense. */
  | 'bad-definition'
  /** What `LIFTER_HANDLERS` names is no file, and no package that can be found. */
  | 'handlers-not-found'
  /** Nothing of what `LIFTER_HANDLERS` names can be used. */
  | 'handlers-not-loaded'
  /** `LIFTER_HANDLERS_USER` asks for what this lifter may not do. */
  | 'bad-user'
  /** The file of commands is not what is expected. */
  | 'bad-commands';

/** The one error class of the lifter. */
export class LifterError extends Error {
  override readonly name = 'LifterError';
  readonly code: LifterErrorCode;

  constructor(code: LifterErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** What to say of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
