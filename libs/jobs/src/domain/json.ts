/** What JSON can say (RFC 8259). */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Levels of nesting, at most, of any JSON that is taken: whoever walks through it may do so by calling itself. A value that is no
 * list and no object has none.
 */
export const mostLevels = 100;

/** Whether the JSON in this text has more levels than are taken. It need not be JSON. */
export function isNestedTooDeep(text: string): boolean {
  return mayBeTooDeep(text) && deepest(text) > mostLevels;
}

/** Nearly every text has too few brackets for it, which is seen fast. */
function mayBeTooDeep(text: string): boolean {
  let brackets = 0;
  for (const bracket of ['[', '{']) {
    let at = text.indexOf(bracket);
    while (at >= 0) {
      brackets += 1;
      if (brackets > mostLevels) return true;
      at = text.indexOf(bracket, at + 1);
    }
  }
  return false;
}

function deepest(text: string): number {
  let level = 0;
  let most = 0;
  let isInString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (isInString) {
      if (character === '\\') i += 1;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === '[' || character === '{') most = Math.max(most, ++level);
    else if (character === ']' || character === '}') level -= 1;
  }
  return most;
}
