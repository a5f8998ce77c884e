/** How the whole system stands, as the bot's presence tells it. */
export interface SystemState {
  /** Live lifters. */
  readonly lifters: number;
  /** Jobs they run at once, all together. */
  readonly slots: number;
  readonly busy: number;
  /** Jobs that are accepted and do not run. */
  readonly waiting: number;
  /** Orders that the dispatcher takes in one request; none if it takes none. */
  readonly orders?: number;
}
