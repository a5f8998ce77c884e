import { parseArgs } from 'node:util';

/** What `npm run bench` was asked to do. */
export interface BenchOptions {
  /** Time of each measurement, in milliseconds. */
  readonly ms: number;
  readonly lifters: readonly number[];
  readonly inFlight: readonly number[];
  readonly slots: number;
  readonly backlog: number;
  readonly parts: ReadonlySet<string>;
  /** Folder for CPU profiles of the services. */
  readonly profile?: string;
  /** Folder for their logs. */
  readonly logs?: string;
}

export const parts = ['client', 'latency', 'throughput', 'programs', 'idle', 'backlog'] as const;

export const usage = `Usage: npm run bench -- [options]

Measures a private server, the services as processes of their own, and a chat user.

  --seconds N      time of each measurement (5)
  --lifters A,B    how many lifters (1,4,16)
  --in-flight A,B  jobs asked for and not told (64,1024)
  --slots N        jobs a lifter runs at once (256)
  --backlog N      pending jobs (10000)
  --only A,B       of ${parts.join(', ')}
  --profile DIR    write a CPU profile of every service there
  --logs DIR       keep the logs of the services there
  --help           print this`;

/** @returns undefined if help is wanted. @throws Error on what cannot be read */
export function parseBenchArgs(args: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '5' },
      lifters: { type: 'string', default: '1,4,16' },
      'in-flight': { type: 'string', default: '64,1024' },
      slots: { type: 'string', default: '256' },
      backlog: { type: 'string', default: '10000' },
      only: { type: 'string', default: parts.join(',') },
      profile: { type: 'string' },
      logs: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const { profile, logs } = values;
  return {
    ms: whole('--seconds', values.seconds) * 1_000,
    lifters: values.lifters.split(',').map((each) => whole('--lifters', each)),
    inFlight: values['in-flight'].split(',').map((each) => whole('--in-flight', each)),
    slots: whole('--slots', values.slots),
    backlog: whole('--backlog', values.backlog),
    parts: new Set(values.only.split(',')),
    ...(profile === undefined ? {} : { profile }),
    ...(logs === undefined ? {} : { logs }),
  };
}

function whole(flag: string, given: string): number {
  const value = Number(given);
  if (/^\d+$/.test(given) && value > 0) return value;
  throw new Error(`${flag} takes whole numbers above 0, not "${given}".`);
}
