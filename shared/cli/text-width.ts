/** The width of help texts: that of the terminal, or 80 characters in a pipe. */
import { isatty } from 'node:tty';

const [narrowest, inPipe, widest] = [40, 80, 110];

export function textWidth(): number {
  // A pipe must not become non-blocking by a look at it.
  if (!isatty(1)) return inPipe;
  return Math.min(widest, Math.max(narrowest, process.stdout.columns || inPipe));
}

/** Breaks a text at spaces. @param indent of each line @param width of a line, with its indent */
export function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = word;
    } else line += (line === '' ? '' : ' ') + word;
  }
  return [...lines, indent + line];
}
