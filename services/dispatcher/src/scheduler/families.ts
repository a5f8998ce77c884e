import type { JobEntry, JobId } from '@heavylift/jobs';

/** Which jobs are parts of which: a job for all lifters has a child for each of them. */
export interface Families {
  add(entry: JobEntry): void;
  remove(entry: JobEntry): void;
  childrenOf(parent: JobId): readonly JobId[];
  /** All children, whatever has become of them. */
  children(): Iterable<JobId>;
}

export function createFamilies(): Families {
  const byParent = new Map<JobId, Set<JobId>>();
  return {
    add({ id, target }) {
      if (target.type !== 'child') return;
      const children = byParent.get(target.parent) ?? new Set();
      byParent.set(target.parent, children.add(id));
    },
    remove({ id, target }) {
      if (target.type !== 'child') return;
      const children = byParent.get(target.parent);
      children?.delete(id);
      if (children?.size === 0) byParent.delete(target.parent);
    },
    childrenOf: (parent) => [...(byParent.get(parent) ?? [])],
    *children() {
      for (const children of byParent.values()) yield* children;
    },
  };
}
