import type { Candidacy, CandidacyOptions } from './types.js';

/** Stands for office; see {@link Candidacy}. Nothing is sent before the session is online. */
export function standForOffice(options: CandidacyOptions): Candidacy {
  options.log.debug({ role: options.role }, 'standing for office');
  throw new Error('standing for office is not possible yet');
}
