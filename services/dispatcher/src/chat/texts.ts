/** What the bot says, in one place. `#7` is how people name a job. */
export const texts = {
  scheduled: (title: string, number: number) => `Scheduled ${title}... #${number}`,
  waits: (scheduled: string, reason: string) => `${scheduled} (it waits ${reason})`,
  alreadyScheduled: (title: string, number: number) =>
    `That ${title} is scheduled already: #${number}`,
  unknown: (command: string, nearMiss?: string) =>
    nearMiss === undefined
      ? `Dunno how to ${command}`
      : `Dunno how to ${command}. Did you mean ${nearMiss}?`,
  unreadable: (problem: string) => `I can't read that: ${problem}.`,
  wrongArguments: (problem: string, usage: string) => `${problem}. Usage: ${usage}`,
  encrypted: 'I can only read messages without encryption. Please switch it off for this chat.',
  mayNot: (command: string) => `Only an administrator may ${command}.`,
  stranger: 'I only work for people of this server.',
  impossible: (reason: string) => `I can't do that: ${reason}.`,
  starting: 'I am just starting. Please try again in a few seconds.',
  startingStatus: 'starting',
  goodbye: 'Bye.',
  down: 'down',
} as const;

/** The longest part of a person's own words that an answer repeats. */
const longestEcho = 100;

/** What was typed, short enough to be said back in one line. */
export function echo(text: string): string {
  const line = text.trim().replace(/\s+/gu, ' ');
  const characters = [...line];
  return characters.length <= longestEcho ? line : `${characters.slice(0, longestEcho).join('')}…`;
}

/** `2 lifters, 3 of 8 slots busy, 0 waiting`: the bot's presence status. */
export function systemStatus(counts: {
  readonly lifters: number;
  readonly slots: number;
  readonly busy: number;
  readonly waiting: number;
}): string {
  const { lifters, slots, busy, waiting } = counts;
  const who = lifters === 1 ? '1 lifter' : `${lifters} lifters`;
  return `${who}, ${busy} of ${slots} slots busy, ${waiting} waiting`;
}
