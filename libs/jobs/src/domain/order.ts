import type { JobId } from './job.js';

/** A program's wish for a job. */
export interface Order {
  /** The handler's name. */
  readonly command: string;
  /** Names the order within the program's account: what is ordered again under the same name is the same job. */
  readonly submission: string;
  /** As in the command's form, by name. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Why there is no job, in terms of a stanza error (RFC 6120 section 8.3). */
export interface OrderRefusal {
  /** `wait`: the same may go well a little later. */
  readonly type: string;
  readonly condition: string;
}

/** What came of one order. `text` is for people. */
export type OrderAnswer = { readonly submission: string; readonly text: string } & (
  | { readonly job: { readonly id: JobId; readonly number: number } }
  | { readonly refusal: OrderRefusal }
);
