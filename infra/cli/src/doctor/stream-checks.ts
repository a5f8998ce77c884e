import { messageOf } from '@heavylift/service';
import { doubt, type Finding, right, unseen, wrong } from './finding.js';
import type { Patient } from './patient.js';
import { lookAtStream, type StreamFacts, type TlsFacts } from './stream-facts.js';

const dayMs = 86_400_000;

/** Best first, as services choose. */
const strong = ['SCRAM-SHA-512', 'SCRAM-SHA-256'];

/** Connection, encryption, certificate and mechanisms: what is seen without logging in. */
export async function checkStream({ config }: Patient): Promise<Finding[]> {
  const service = config.XMPP_SERVICE ?? config.XMPP_DOMAIN;
  if (/^wss?:/.test(service)) {
    return [unseen('stream', `${service} is a WebSocket: its TLS is not looked at`)];
  }
  const ca = config.XMPP_TLS_CA_FILE;
  let facts: StreamFacts;
  try {
    facts = await lookAtStream({ service, domain: config.XMPP_DOMAIN, ca, timeoutMs: 10_000 });
  } catch (error) {
    const mend = 'Is XMPP_SERVICE right, does the server run, does a firewall let us through?';
    return [wrong('server.unreachable', `no XMPP server at ${service}: ${messageOf(error)}`, mend)];
  }
  const allowed =
    config.XMPP_ALLOW_PLAINTEXT_TO_ANY_HOST_DANGEROUSLY ||
    (facts.loopback && config.XMPP_ALLOW_PLAINTEXT_ON_LOOPBACK);
  return [
    right('server', `${facts.where} speaks XMPP`),
    ...encryption(facts, ca, allowed),
    ...mechanisms(facts),
  ];
}

function encryption(
  facts: StreamFacts,
  ca: string | undefined,
  plaintextAllowed: boolean,
): Finding[] {
  const { tls, startTls, loopback } = facts;
  if (tls === undefined) {
    const mend = 'Give the server a certificate and have it offer STARTTLS.';
    if (!plaintextAllowed) {
      const hint = loopback
        ? ' For a server on this machine: XMPP_ALLOW_PLAINTEXT_ON_LOOPBACK.'
        : '';
      return [
        wrong('tls.missing', 'the server offers no TLS: services do not log in', mend + hint),
      ];
    }
    const text = loopback
      ? 'none, which is allowed for a server on this machine'
      : 'none: whoever is in between reads and changes all';
    return [doubt('tls.missing', text, mend)];
  }
  if (plaintextAllowed && startTls === 'offered' && ca === undefined) {
    const mend = 'Name the authority of its certificate in XMPP_TLS_CA_FILE, to have TLS used.';
    return [doubt('tls.not-used', 'offered, and not used: plaintext is allowed here', mend)];
  }
  const findings = certificate(tls);
  if (startTls === 'offered') {
    const mend = 'starttls_required: true (ejabberd), c2s_require_encryption (Prosody).';
    findings.push(doubt('tls.not-required', 'the server also lets in who does not encrypt', mend));
  }
  return findings;
}

function certificate({ protocol, cipher, refusal, issuer, validTo }: TlsFacts): Finding[] {
  if (refusal !== undefined) {
    const mend = 'Name its authority in XMPP_TLS_CA_FILE, or have the certificate put right.';
    return [wrong('tls.certificate', `the certificate of ${issuer} is refused: ${refusal}`, mend)];
  }
  const days = Math.floor((validTo.getTime() - Date.now()) / dayMs);
  const text = `${protocol}, ${cipher}; certificate of ${issuer}, good for ${days} days`;
  if (days >= 14) return [right('tls', text)];
  return [doubt('tls.certificate-ends', text, 'Renew it.')];
}

function mechanisms({ plainMechanisms, mechanisms: offered, tls }: StreamFacts): Finding[] {
  const findings: Finding[] = [];
  if (plainMechanisms.includes('PLAIN')) {
    const mend = 'Require TLS, or take PLAIN away (disable_sasl_mechanisms).';
    const text = 'passwords may be sent in clear: PLAIN is offered without TLS';
    findings.push(wrong('mechanism.plain-in-clear', text, mend));
  }
  const best = strong.find((name) => offered.includes(name));
  if (best !== undefined) {
    findings.push(right('mechanism', best));
  } else if (offered.includes('SCRAM-SHA-1')) {
    const mend = 'Store passwords so that SCRAM-SHA-256 or -512 can be offered.';
    findings.push(doubt('mechanism.weak', 'SCRAM-SHA-1 is the best that is offered', mend));
  } else if (offered.includes('PLAIN') && tls !== undefined) {
    const mend = 'Offer SCRAM, so that the server need not see the password.';
    findings.push(doubt('mechanism.weak', 'only PLAIN is offered', mend));
  } else {
    const mend = 'Offer SCRAM-SHA-256.';
    const text = `no mechanism that services accept: ${offered.join(', ') || 'none at all'}`;
    findings.push(wrong('mechanism.none', text, mend));
  }
  return findings;
}
