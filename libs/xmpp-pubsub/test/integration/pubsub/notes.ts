import { textCodec } from '../../../src/index.js';

/** The payload of most tests: a text. */
export const notes = textCodec('note', 'urn:example:note');
