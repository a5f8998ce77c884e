import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import { z } from 'zod';

/** Debian's own: other Pythons do not see its packages. */
const python = '/usr/bin/python3';
const script = fileURLToPath(new URL('./slixmpp_client.py', import.meta.url));

export const hasSlixmpp = (): boolean =>
  spawnSync(python, ['-c', 'import slixmpp'], { stdio: 'ignore' }).status === 0;

const eventShape = z.discriminatedUnion('event', [
  z.object({ event: z.literal('online') }),
  z.object({ event: z.literal('heard'), text: z.string() }),
  z.object({ event: z.literal('state'), state: z.string() }),
  z.object({ event: z.literal('receipt'), id: z.string() }),
  z.object({ event: z.literal('presence'), status: z.string() }),
  z.object({ event: z.literal('commands'), nodes: z.array(z.string()) }),
  z.object({ event: z.literal('error'), condition: z.string(), text: z.string() }),
  z.object({
    event: z.literal('command'),
    status: z.string(),
    session: z.string(),
    notes: z.array(z.string()),
    types: z.record(z.string(), z.string().nullable()),
    values: z.record(z.string(), z.unknown()),
  }),
]);
type Event = z.infer<typeof eventShape>;
type EventOf<K extends Event['event']> = Extract<Event, { event: K }>;

export interface SlixmppOptions {
  readonly jid: string;
  readonly password: string;
  /** `xmpp://host:port` */
  readonly service: string;
  /** Bare JID of the bot. */
  readonly bot: string;
}

/** A person with a client that this project did not write. */
export async function startSlixmpp({ jid, password, service, bot }: SlixmppOptions) {
  const { hostname, port } = new URL(service);
  const child = spawn(python, [script, jid, password, hostname, port, bot]);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const events: Event[] = [];
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += String(chunk);
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push(eventShape.parse(JSON.parse(line)));
  });

  /** The next event of a kind that nobody has waited for yet. */
  async function next<K extends Event['event']>(
    kind: K,
    fits: (event: EventOf<K>) => boolean = () => true,
  ) {
    const isWanted = (event: Event): event is EventOf<K> => event.event === kind;
    return vi.waitFor(
      () => {
        const at = events.findIndex((event) => isWanted(event) && fits(event));
        const event = events[at];
        if (event === undefined || !isWanted(event))
          expect.fail(`no ${kind} among ${JSON.stringify(events)} ${complaints}`);
        events.splice(at, 1);
        return event;
      },
      { timeout: 20_000, interval: 20 },
    );
  }

  const tell = (order: object) => child.stdin.write(`${JSON.stringify(order)}\n`);
  await next('online');
  return {
    next,
    events,
    tell,
    /** Says it, and gives back what comes next. */
    async say(text: string): Promise<string> {
      tell({ do: 'say', text });
      return (await next('heard')).text;
    },
    async stop(): Promise<void> {
      child.stdin.end();
      const force = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(force);
    },
  };
}

export type Slixmpp = Awaited<ReturnType<typeof startSlixmpp>>;
