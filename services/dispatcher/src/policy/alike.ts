/**
 * What two texts have in common that look the same to a person: for matching what is denied, and for nothing else. A handler gets what was
 * written. Letters of other scripts that only look alike are different letters.
 */
export function alike(text: string): string {
  return foldCase(text.normalize('NFKC').replace(invisible, '').replace(blanks, ' ').trim());
}

/** Zero-width and other characters that nothing is to be seen of, but no line breaks and tabs. */
const invisible = /\p{Default_Ignorable_Code_Point}|\p{Cf}|(?![\t-\r\u0085])\p{Cc}/gu;
/** The blank of Braille counts, and NEXT LINE, which JavaScript takes for no white space. */
const blanks = /[\s\u0085\u2800]+/gu;

/** By way of upper case: `STRASSE` is `straße`, and a sigma is one at the end of a word. */
function foldCase(text: string): string {
  return [...text]
    .map((character) => character.toUpperCase().toLowerCase())
    .join('')
    .normalize('NFKC');
}
