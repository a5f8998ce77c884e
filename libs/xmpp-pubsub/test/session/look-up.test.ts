import { beforeEach, describe, expect, it, vi } from 'vitest';
import { platform } from '../../src/session/transport/node.js';

interface Record {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

const records = new Map<string, Record[]>();
vi.mock('node:dns/promises', () => ({
  Resolver: class {
    async resolveSrv(name: string): Promise<Record[]> {
      const found = records.get(name);
      if (found === undefined) throw new Error(`queryEnotfound ${name}`);
      return found;
    }
    cancel() {}
  },
}));

const lookUp = (domain: string) => platform.lookUp(domain, new AbortController().signal);
const record = (name: string, priority: number, weight = 0): Record => ({
  name,
  port: 5000,
  priority,
  weight,
});

describe("a domain's servers (RFC 6120 section 3.2, RFC 2782)", () => {
  beforeEach(() => records.clear());

  it('are the domain itself if there are no records', async () => {
    const target = { kind: 'tcp', host: 'example.org', port: 5222, directTls: false };
    expect(await lookUp('example.org')).toEqual([target]);
  });

  it('come by priority, whether for STARTTLS or direct TLS', async () => {
    records.set('_xmpp-client._tcp.example.org', [
      record('c.example', 30),
      record('a.example', 10),
    ]);
    records.set('_xmpps-client._tcp.example.org', [record('b.example', 20)]);
    expect(await lookUp('example.org')).toEqual([
      { kind: 'tcp', host: 'a.example', port: 5000, directTls: false },
      { kind: 'tcp', host: 'b.example', port: 5000, directTls: true },
      { kind: 'tcp', host: 'c.example', port: 5000, directTls: false },
    ]);
  });

  it('share the load by weight within a priority', async () => {
    records.set('_xmpp-client._tcp.example.org', [
      record('a.example', 1, 90),
      record('b.example', 1, 10),
    ]);
    let first = 0;
    for (let n = 0; n < 1_000; n += 1) {
      const [target] = await lookUp('example.org');
      if (target?.kind === 'tcp' && target.host === 'a.example') first += 1;
    }
    expect(first).toBeGreaterThan(800);
    expect(first).toBeLessThan(980);
  });

  it('are asked for by the ASCII form of the domain, and "." means none', async () => {
    records.set('_xmpp-client._tcp.xn--bcher-kva.example', [record('', 0), record('a.example', 1)]);
    expect(await lookUp('bücher.example')).toMatchObject([{ host: 'a.example' }]);
  });
});
