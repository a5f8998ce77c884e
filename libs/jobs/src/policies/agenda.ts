import type { Instant, JobId } from '../domain/job.js';
import { createHeap } from './heap.js';

/** What is to be looked at when: delayed starts, backoffs, deadlines. One time a job. */
export interface Agenda {
  readonly size: number;
  /** The earliest time in it. */
  readonly next: Instant | undefined;
  /** Sets the job's time, in place of the one it had. */
  set(id: JobId, at: Instant): void;
  delete(id: JobId): void;
  /** Takes out the jobs whose time has come, earliest first. */
  due(now: Instant): JobId[];
}

interface Appointment {
  readonly id: JobId;
  readonly at: Instant;
}

export function createAgenda(): Agenda {
  const order = createHeap<Appointment>((a, b) => a.at < b.at);
  const byId = new Map<JobId, Appointment>();

  function remove(id: JobId): void {
    const appointment = byId.get(id);
    if (appointment === undefined) return;
    byId.delete(id);
    order.remove(appointment);
  }

  return {
    get size() {
      return byId.size;
    },
    get next() {
      return order.peek()?.at;
    },
    set(id, at) {
      remove(id);
      const appointment = { id, at };
      byId.set(id, appointment);
      order.push(appointment);
    },
    delete: remove,
    due(now) {
      const ids: JobId[] = [];
      for (let first = order.peek(); first !== undefined && first.at <= now; first = order.peek()) {
        remove(first.id);
        ids.push(first.id);
      }
      return ids;
    },
  };
}
