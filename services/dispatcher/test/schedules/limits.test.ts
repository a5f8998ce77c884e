import type { Schedule } from '@heavylift/jobs';
import { describe, expect, it } from 'vitest';
import { noRoomFor, scheduleBytes } from '../../src/schedules/limits.js';

const asked: Omit<Schedule, 'number'> = {
  kind: 'lift',
  args: {},
  requester: { jid: 'ada@x', messageType: 'chat' },
  cron: '* * * * *',
  timeZone: 'UTC',
  created: 0,
  priority: 0,
  target: { type: 'any' },
};
const large = { text: 'x'.repeat(15_000) };
const limits = { total: 1_000, ofRequester: 50 };

function many(count: number, jid: (index: number) => string, args = {}): Schedule[] {
  return Array.from({ length: count }, (_, index) => ({
    ...asked,
    args,
    number: index + 1,
    requester: { jid: jid(index), messageType: 'chat' as const },
  }));
}

describe('room for a schedule', () => {
  it('is there for ordinary ones', () => {
    expect(
      noRoomFor(
        asked,
        many(49, () => 'ada@x'),
        limits,
      ),
    ).toBeUndefined();
    expect(
      noRoomFor(
        asked,
        many(999, (index) => `${index}@x`),
        limits,
      ),
    ).toBeUndefined();
  });

  it('is bounded by the count of one person and of all', () => {
    expect(
      noRoomFor(
        asked,
        many(50, () => 'ada@x/phone'),
        limits,
      )?.text,
    ).toMatch(/You have 50 schedules already/);
    expect(
      noRoomFor(
        asked,
        many(1_000, (index) => `${index}@x`),
        limits,
      )?.text,
    ).toMatch(/There are 1000 schedules already/);
  });

  it('is bounded in bytes: of one, of one person, of all', () => {
    expect(noRoomFor({ ...asked, args: { text: 'x'.repeat(20_000) } }, [], limits)).toMatchObject({
      kind: 'impossible',
      text: expect.stringContaining(`${scheduleBytes.one} bytes`),
    });
    const own = many(9, () => 'ada@x', large);
    expect(noRoomFor(asked, own, limits)?.text).toMatch(/more than 131072 bytes/);
    const all = many(300, (index) => `${index}@x`, large);
    expect(noRoomFor(asked, all, limits)?.text).toMatch(/more than 4194304 bytes/);
  });
});
