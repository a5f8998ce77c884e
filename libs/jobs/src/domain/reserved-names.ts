/** Commands that are the dispatcher's own: no handler can be called so, for nobody could reach it. */
export const reservedNames = [
  'help',
  'status',
  'jobs',
  'failed',
  'lifters',
  'cancel',
  'retry',
  'schedules',
  'unschedule',
  'version',
  'exit',
] as const;

export type ReservedName = (typeof reservedNames)[number];
