import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { deviations, type ServerName } from '../integration/pubsub/deviations.js';

const document = new URL('../../../../docs/servers.md', import.meta.url);

interface Row {
  readonly section: string;
  readonly what: string;
  readonly servers: Readonly<Partial<Record<ServerName, { readonly instead: string }>>>;
}

it('the table in docs/servers.md is what the integration tests expect', () => {
  const rows: readonly Row[] = Object.values(deviations);
  const inOrder = rows.toSorted((a, b) =>
    a.section.localeCompare(b.section, 'en', { numeric: true }),
  );
  const table = [
    '| XEP-0060 | what | ejabberd 23.01 | Prosody 0.12 |',
    '|---|---|---|---|',
    ...inOrder.map(
      ({ section, what, servers }) =>
        `| ${section} | ${what} | ${servers.ejabberd?.instead ?? 'yes'} | ${servers.Prosody?.instead ?? 'yes'} |`,
    ),
  ].join('\n');
  expect(readFileSync(document, 'utf8')).toContain(table);
});
