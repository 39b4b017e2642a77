/** Generated parts of the docs: compared with the code, or rewritten with `UPDATE=1`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { expect } from 'vitest';
import { root } from './programs.js';

export function markdownTable(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/**
 * Checks the part between `<!-- name -->` and `<!-- end -->`.
 * @param page path from the root of the repository
 */
export async function checkGenerated(page: string, name: string, expected: string): Promise<void> {
  const path = `${root}${page}`;
  const pattern = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end -->)`);
  const text = readFileSync(path, 'utf8');
  expect(text).toMatch(pattern);
  const updated = text.replace(
    pattern,
    (_, start: string, end: string) => `${start}\n${expected}\n\n${end}`,
  );
  // Prettier aligns the columns of a table.
  const formatted = await format(updated, {
    parser: 'markdown',
    printWidth: 100,
    singleQuote: true,
  });
  if (process.env.UPDATE) writeFileSync(path, formatted);
  else expect(text).toBe(formatted);
}
