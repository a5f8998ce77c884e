import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createBooks, type Job, type Page } from '../src/ledger/books.js';
import { idOf, someEntry } from './helpers/jobs.js';

// What the books keep up to date, step by step, is what one would find by looking through all of it.

const action = fc.record({
  do: fc.constantFrom('page', 'page', 'write', 'write', 'write', 'let go'),
  job: fc.nat(6),
  bytes: fc.integer({ min: 1, max: 9 }),
});

it('the sums of the books are right, and pages that nobody needs are closed', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60, size: 'max' }), (actions) => {
      const closed = new Set<Page>();
      const books = createBooks(
        (page) => closed.add(page),
        (job) => expect(job.entry).toBeUndefined(),
      );
      let newest = books.openPage(1, '1.1');
      const revive = new Set<string>();
      for (const { do: what, job: number, bytes } of actions) {
        const known = books.jobs.get(idOf(number));
        if (what === 'page') newest = books.openPage(newest.sequence + 1, '');
        else if (what === 'let go') {
          if (known?.entry !== undefined) books.letGo(known);
          revive.add(idOf(number));
        } else if (known !== undefined || !revive.has(idOf(number))) {
          const job = known ?? books.openJob(idOf(number));
          if (known === undefined) job.entry = someEntry(number);
          job.bytes = bytes;
          if (job.at !== newest) books.write(job, newest);
        }
        expectRight(newest, closed);
      }

      function expectRight(newest: Page, closed: ReadonlySet<Page>): void {
        const pages = [...books.pages.values()];
        expect(pages.map(({ sequence }) => sequence)).toStrictEqual(
          pages.map(({ sequence }) => sequence).sort((a, b) => a - b),
        );
        for (const page of pages) {
          const needed = page.jobs.filter((job) => job.at === page && isNeeded(job, pages));
          expect(page.needed).toBe(needed.length + (page === newest ? 1 : 0));
          expect(page.neededBytes).toBe(sum(needed.map(({ writtenBytes }) => writtenBytes)));
          expect(page.open).toBe(needed.filter(({ entry }) => entry !== undefined).length);
          expect(page.needed).toBeGreaterThan(0);
          expect(closed.has(page)).toBe(false);
        }
        expect(books.open).toBe(sum(pages.map(({ open }) => open)));
        expect(books.neededBytes).toBe(sum(pages.map(({ neededBytes }) => neededBytes)));
        for (const job of books.jobs.values()) expect(job.holders).toBe(holders(job, pages));
      }
    }),
  );
});

function holders(job: Job, pages: readonly Page[]): number {
  return pages.filter(({ jobs }) => jobs.includes(job)).length;
}

function isNeeded(job: Job, pages: readonly Page[]): boolean {
  return job.entry !== undefined || holders(job, pages) > 1;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
