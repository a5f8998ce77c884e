import { startEjabberd } from '@heavylift/ejabberd';
import xml from '@xmpp/xml';
import { expect, it } from 'vitest';
import { createSession } from '../../src/index.js';

it('14 kB and more of nested XML to a connected user end neither ejabberd nor whom it is for', async () => {
  const server = await startEjabberd();
  try {
    const login = async (username: string) => {
      await server.register(username, 'secret');
      const { service, domain } = server;
      const tls = { allowPlaintextOnLoopback: true };
      const session = createSession({ service, domain, username, password: 'secret', tls });
      await session.start();
      await session.send(xml('presence'));
      return session;
    };
    const [ada, eve] = [await login('ada'), await login('eve')];
    const heard: string[] = [];
    ada.on('stanza', (stanza) => heard.push(String(stanza.attrs['id'])));
    for (const levels of [2_000, 2_500]) {
      let inside = xml('a');
      for (let level = 1; level < levels; level += 1) inside = xml('a', {}, inside);
      const to = `${ada.jid}`;
      await eve.sendConfirmed(xml('message', { to, type: 'chat', id: `deep-${levels}` }, inside));
    }
    await eve.sendConfirmed(
      xml('message', { to: `${ada.jid}`, id: 'plain' }, xml('body', {}, 'x')),
    );
    await expect.poll(() => heard, { timeout: 10_000 }).toContain('plain');
    expect(heard).toEqual(expect.arrayContaining(['deep-2000', 'deep-2500']));
    expect(server.running).toBe(true);
    await Promise.all([ada.stop(), eve.stop()]);
  } finally {
    await server.stop();
  }
});
