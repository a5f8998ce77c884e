import xml from '@xmpp/xml';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createSession } from '../../src/index.js';
import { logIn, scriptedServer } from './scripted-server.js';

const piece = fc.oneof(
  fc.constantFrom(
    '<message>',
    '</message>',
    "<message from='@' to='/'><body/></message>",
    "<iq type='result' id='x'/>",
    "<iq type='get' id='x' from='@'><q xmlns='urn:x'/></iq>",
    "<iq type='set'/>",
    '<iq/>',
    "<iq type='error' id='x'><error/></iq>",
    "<r xmlns='urn:xmpp:sm:3'/>",
    "<a xmlns='urn:xmpp:sm:3' h='4294967295'/>",
    "<a xmlns='urn:xmpp:sm:3' h='-1'/>",
    "<resumed xmlns='urn:xmpp:sm:3'/>",
    '<stream:features/>',
    '<stream:error/>',
    '</stream:stream>',
    '<x:y/>',
    '<![CDATA[',
    ']]>',
    '<!--',
    '<?pi',
    '&bad;',
    '&#xD800;',
    "<a b='",
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

it('comes back from whatever a server may send: no crash, no hang, no unhandled rejection', async () => {
  let torment = '';
  await using server = await scriptedServer(async (peer) => {
    await logIn(peer, { sm: true });
    peer.socket.end(torment);
    await peer.closed;
  });
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      torment = pieces.join('');
      const before = server.connections;
      const session = createSession({ ...server.options, backoff: { initialMs: 1, maxMs: 1 } });
      session.on('stanza', (stanza) => void stanza.toString());
      await session.start();
      const asked = session
        .request({ type: 'get', payload: xml('q', 'urn:test') })
        .catch(() => undefined);
      await expect.poll(() => server.connections, { interval: 1 }).toBeGreaterThan(before + 1);
      await session.stop();
      await asked;
      expect(session.status).toBe('stopped');
    }),
    { numRuns: 60 },
  );
}, 60_000);
