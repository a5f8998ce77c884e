import type { BotMessage } from '@heavylift/jobs';

export interface GatheringPorts {
  /** Says it; resolves when the server has taken it. */
  readonly say: (message: BotMessage) => Promise<void>;
  /** Refused before it is sent, however often one tries. */
  readonly isHopeless: (error: unknown) => boolean;
  readonly newMessageId: () => string;
}

export interface Gathering {
  /** Says it together with whatever else waits for the same address. Resolves when the server has taken it. */
  say(message: BotMessage): Promise<void>;
}

interface Waiting {
  readonly message: BotMessage;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Outcomes in one message; and characters of text and values in it, well below what servers take in a stanza. */
const mostTogether = 64;
const mostCharacters = 12_000;

/** Messages under way to one address: more than one, as a confirmation takes a while. */
const mostUnderWay = 4;

/**
 * Tells programs of many outcomes in one message: while some are under way to an address, what else is for it collects. So one alone goes
 * at once, and there is no timer in it.
 */
export function createGathering({ say, isHopeless, newMessageId }: GatheringPorts): Gathering {
  /** By address; there as long as something is under way to it. */
  const queues = new Map<string, { readonly waiting: Waiting[]; underWay: number }>();

  async function sayTogether(first: Waiting, others: readonly Waiting[]): Promise<void> {
    try {
      await say(together(first.message, others, newMessageId));
      for (const { resolve } of [first, ...others]) resolve();
    } catch (error) {
      // Which of them it is, shows when each goes alone.
      if (others.length > 0 && isHopeless(error))
        for (const one of [first, ...others]) await sayTogether(one, []);
      else for (const { reject } of [first, ...others]) reject(error);
    }
  }

  async function work(to: string): Promise<void> {
    const queue = queues.get(to);
    if (queue === undefined || queue.underWay >= mostUnderWay) return;
    queue.underWay += 1;
    for (let first = queue.waiting.shift(); first !== undefined; first = queue.waiting.shift())
      await sayTogether(first, queue.waiting.splice(0, fitting(first, queue.waiting)));
    queue.underWay -= 1;
    if (queue.underWay === 0) queues.delete(to);
  }

  return {
    say: (message) =>
      new Promise((resolve, reject) => {
        const { to } = message;
        const queue = queues.get(to) ?? { waiting: [], underWay: 0 };
        queues.set(to, queue);
        queue.waiting.push({ message, resolve, reject });
        work(to).catch(reject);
      }),
  };
}

function together(
  message: BotMessage,
  others: readonly Waiting[],
  newMessageId: () => string,
): BotMessage {
  if (others.length === 0) return message;
  const further = others.map((other) => other.message);
  return {
    ...message,
    // Of its own: which outcomes come together is chance.
    id: newMessageId(),
    body: [message, ...further].map(({ body }) => body).join('\n'),
    also: further.flatMap(({ job }) => job ?? []),
  };
}

/** How many of those that wait fit into a message with the first. */
function fitting(first: Waiting, waiting: readonly Waiting[]): number {
  let characters = charactersOf(first);
  let count = 0;
  for (const next of waiting.slice(0, mostTogether - 1)) {
    characters += charactersOf(next);
    if (characters > mostCharacters) break;
    count += 1;
  }
  return count;
}

function charactersOf({ message: { body, job } }: Waiting): number {
  return body.length + (job?.outcome === undefined ? 0 : JSON.stringify(job.outcome).length);
}
