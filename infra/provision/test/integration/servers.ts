import { type PrivateServer, startEjabberd } from '@heavylift/ejabberd';
import { findProsody, startProsody } from '@heavylift/prosody';

/** A server that provisioning is known to work with, and how to start one; no way where there is none. */
export interface Candidate {
  readonly name: string;
  readonly start: (() => Promise<PrivateServer>) | undefined;
}

const prosody = await findProsody();

export const candidates: readonly Candidate[] = [
  { name: 'ejabberd', start: () => startEjabberd() },
  {
    name: prosody === undefined ? 'Prosody (SKIPPED: there is none on this machine)' : 'Prosody',
    start: prosody === undefined ? undefined : () => startProsody({ installation: prosody }),
  },
];
