interface FieldBase {
  /** How it is called in `args`. */
  readonly name: string;
  /** For people; the name if there is none. */
  readonly label?: string;
  /** One sentence for help. */
  readonly description?: string;
  readonly required: boolean;
}

/** Bounds, both included. */
export interface Range {
  readonly min?: number;
  readonly max?: number;
}

export interface ChoiceOption {
  readonly value: string;
  readonly label?: string;
}

/** One argument of a handler. */
export type HandlerField = FieldBase &
  (
    | { readonly type: 'text'; readonly default?: string }
    | { readonly type: 'integer' | 'number'; readonly default?: number; readonly range?: Range }
    | { readonly type: 'boolean'; readonly default?: boolean }
    | {
        readonly type: 'choice';
        readonly default?: string;
        readonly options: readonly ChoiceOption[];
      }
  );

/** What a handler is called, takes and says; a newly deployed lifter brings its command along with it. */
export interface HandlerSpec {
  /** The command people type: lower-case letters, digits, `-`, `_`, `.`; starts with a letter. */
  readonly name: string;
  /** A job of it, in the middle of a sentence, e.g. `heavy job` in "Scheduled heavy job...". */
  readonly title: string;
  /** One line for help. */
  readonly summary: string;
  /** In the order in which people type them. */
  readonly fields: readonly HandlerField[];
  /** Names of the fields that make the unique key; an empty list: one job of the kind at a time. None: jobs are not unique. */
  readonly uniqueBy?: readonly string[];
  /** For one attempt, in milliseconds. */
  readonly timeoutMs: number;
  readonly maxAttempts: number;
  /** Jobs of the kind that may run at once in the whole system, from 1. None: as many as there are slots. */
  readonly concurrency?: number;
  /** What to say when, by name; `done`: the answer after success, e.g. `Done lifting`. */
  readonly texts: Readonly<Record<string, string>>;
}
