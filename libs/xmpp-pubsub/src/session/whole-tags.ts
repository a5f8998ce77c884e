/**
 * Holds back what follows the last whole tag, so that the parser never sees a text whose end is still to come.
 * There it would look for the end anew at each character: seconds of work for a payload of 100 KB.
 * Elements are not delayed by it: they end with a tag.
 */
export function wholeTags(): (chunk: string) => string {
  let held = '';
  return (chunk) => {
    if (!chunk.includes('>')) {
      held += chunk;
      return '';
    }
    const text = held + chunk;
    const start = text.lastIndexOf('<');
    const end = text.indexOf('>', start);
    const cut = start === -1 ? 0 : end === -1 ? start : end + 1;
    held = text.slice(cut);
    return text.slice(0, cut);
  };
}
