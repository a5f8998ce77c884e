import { type FailedJob, type JobEntry, type JsonObject, jobBytesAtMost } from '@heavylift/jobs';

/** What the node of failed jobs may keep: as many items, and bytes. */
export interface FailedBounds {
  /** @default 1_000 */
  readonly jobs?: number;
  /** @default 16 MiB */
  readonly bytes?: number;
}

/** The failed jobs that the node keeps, each as far as a list shows it. */
export interface FailedIndex {
  /** Newest first. */
  all(): readonly FailedJob[];
  /** What is known of the job already is older. */
  put(job: FailedJob): void;
  /** What is known of the job already is newer. */
  found(job: FailedJob): void;
  /** Takes out the oldest of those that are too many or take too much. */
  takeExcess(): readonly number[];
}

interface Known {
  readonly job: FailedJob;
  readonly bytes: number;
}

/** A list shows that much of an argument, or less. */
const LONGEST_TEXT = 100;
const MOST_ARGUMENTS = 20;

export function createFailedIndex(bounds: FailedBounds = {}): FailedIndex {
  const { jobs: mostJobs = 1_000, bytes: mostBytes = 16 * 1_048_576 } = bounds;
  const known = new Map<number, Known>();
  let bytes = 0;

  function remove(number: number): void {
    bytes -= known.get(number)?.bytes ?? 0;
    known.delete(number);
  }

  function put(job: FailedJob): void {
    const { number } = job.entry;
    remove(number);
    const taken = bytesOf(job);
    bytes += taken;
    known.set(number, { job: asListed(job), bytes: taken });
  }

  return {
    all: () =>
      [...known.values()].map(({ job }) => job).sort((a, b) => b.entry.number - a.entry.number),
    put,
    found(job) {
      if (!known.has(job.entry.number)) put(job);
    },
    takeExcess() {
      if (known.size <= mostJobs && bytes <= mostBytes) return [];
      const taken: number[] = [];
      for (const number of [...known.keys()].sort((a, b) => a - b)) {
        if (known.size <= mostJobs && bytes <= mostBytes) break;
        remove(number);
        taken.push(number);
      }
      return taken;
    },
  };
}

function bytesOf({ entry, error }: FailedJob): number {
  return jobBytesAtMost(entry) + Buffer.byteLength(JSON.stringify(error)) + 300;
}

/** The job without what no list shows, so that a thousand of them take little. */
function asListed(job: FailedJob): FailedJob {
  const { entry } = job;
  const failures = entry.failures.map((failure) => ({
    ...failure,
    error: { class: '', message: '' },
  }));
  const listed: JobEntry = { ...entry, args: beginning(entry.args), failures };
  return { ...job, entry: listed };
}

function beginning(args: JsonObject): JsonObject {
  const shown = Object.entries(args).slice(0, MOST_ARGUMENTS);
  return Object.fromEntries(
    shown.map(([name, value]) => {
      if (typeof value === 'string') return [name, value.slice(0, LONGEST_TEXT)];
      return [name, typeof value === 'object' ? null : value];
    }),
  );
}
