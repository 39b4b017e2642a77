/** Formats a program's standard error for one line of a message. Pure. */

const maxChars = 300;

/** The last lines, without colours and control characters, joined by ` / `, at most 300 characters. */
export function lastLines(stderr: string): string {
  const kept: string[] = [];
  let chars = 0;
  for (const line of plainLines(stderr).reverse()) {
    chars += line.length;
    if (chars > maxChars && kept.length > 0) break;
    kept.unshift(line.slice(0, maxChars));
  }
  return kept.join(' / ');
}

/** Non-empty lines; a carriage return (progress that overwrites itself) ends a line too. */
export function plainLines(text: string): string[] {
  return text
    .replaceAll(/\u001b\[[\d;]*[A-Za-z]/g, '')
    .split(/[\r\n]+/)
    .map((line) => line.replaceAll(/[\p{C}\s]+/gu, ' ').trim())
    .filter((line) => line !== '');
}
