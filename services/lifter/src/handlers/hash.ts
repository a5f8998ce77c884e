import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { defineHandler } from './define.js';

/** Rounds between two looks at the clock: native code cannot be interrupted. */
const roundsAStep = 10_000;

/** Work for a processor: it blocks its thread for as long as it takes. */
export default defineHandler({
  name: 'hash',
  title: 'hash job',
  summary: 'derives a key from a text, which takes time on purpose (PBKDF2, SHA-512)',
  done: 'Done hashing',
  fields: {
    text: { type: 'text', label: 'what to hash', default: 'heavy', maxLength: 1_000 },
    rounds: { type: 'integer', label: 'rounds', min: 1, max: 100_000_000, default: 1_000_000 },
    salt: {
      type: 'text',
      label: 'salt, made up if there is none',
      required: false,
      maxLength: 100,
    },
  },
  timeout: 600_000,
  run({ text, rounds, salt = randomBytes(16).toString('hex') }, { progress }) {
    let key = Buffer.from(text);
    for (let done = 0; done < rounds; ) {
      const step = Math.min(roundsAStep, rounds - done);
      key = pbkdf2Sync(key, salt, step, 64, 'sha512');
      done += step;
      progress(done, rounds);
    }
    return { key: key.toString('hex'), salt, rounds };
  },
});
