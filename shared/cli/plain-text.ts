/**
 * Makes text of a peer safe to print: a terminal obeys control characters, and bidirectional ones change the order
 * of the text around them. Pure.
 */

const control = '[\\p{Cc}\\p{Bidi_Control}\\u2028\\u2029]';
const eachControl = new RegExp(control, 'gu');
const eachRun = new RegExp(`\\s*${control}+\\s*`, 'gu');

/** Writes each such character as `\u001b`. */
export function escapeControls(text: string): string {
  return text.replaceAll(
    eachControl,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Replaces such characters, and the white space around them, by one space. */
export function removeControls(text: string): string {
  return text.replaceAll(eachRun, ' ');
}
