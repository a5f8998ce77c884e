import { requesterKey, type Schedule, scheduleBytesAtMost } from '@heavylift/jobs';

/** How many schedules there may be. Their bytes are bounded by {@link scheduleBytes}. */
export interface ScheduleLimits {
  readonly total: number;
  readonly ofRequester: number;
}

/** Bytes of XML: of one schedule, of all of one requester, of all. So the node can always be read, and listed. */
export const scheduleBytes = { one: 16_384, ofRequester: 131_072, total: 4_194_304 } as const;

/** Why there is no room for one more; undefined if there is. */
export function noRoomFor(
  asked: Omit<Schedule, 'number'>,
  standing: readonly Schedule[],
  limits: ScheduleLimits,
): { readonly kind: 'impossible' | 'refused'; readonly text: string } | undefined {
  const { ofRequester, total } = scheduleBytes;
  const tooLarge = problemOfSize(asked);
  if (tooLarge !== undefined) return { kind: 'impossible', text: tooLarge };
  const bytes = bytesOf([asked]);
  const key = requesterKey(asked.requester);
  const own = standing.filter(({ requester }) => requesterKey(requester) === key);
  if (own.length >= limits.ofRequester)
    return refused(`You have ${own.length} schedules already. Take one off with unschedule.`);
  if (bytes + bytesOf(own) > ofRequester)
    return refused(
      `Your schedules would take more than ${ofRequester} bytes. Take one off with unschedule.`,
    );
  if (standing.length >= limits.total)
    return refused(`There are ${standing.length} schedules already, which is as many as I keep.`);
  if (bytes + bytesOf(standing) > total)
    return refused(`All schedules together would take more than ${total} bytes.`);
  return undefined;
}

/** What is wrong with its size, in words; undefined if nothing is. */
export function problemOfSize(schedule: Omit<Schedule, 'number'>): string | undefined {
  const bytes = bytesOf([schedule]);
  return bytes <= scheduleBytes.one
    ? undefined
    : `a schedule may take ${scheduleBytes.one} bytes with its arguments, this one takes ${bytes}`;
}

const refused = (text: string) => ({ kind: 'refused', text }) as const;

/** By the schedule: adding one asks for the size of each. */
const measured = new WeakMap<object, number>();

function bytesOf(schedules: readonly Omit<Schedule, 'number'>[]): number {
  let sum = 0;
  for (const schedule of schedules) {
    const bytes = measured.get(schedule) ?? scheduleBytesAtMost(schedule);
    measured.set(schedule, bytes);
    sum += bytes;
  }
  return sum;
}
