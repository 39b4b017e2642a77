/** Parts of the docs that are made from the code: compared with it, or with `UPDATE=1` rewritten. */
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
 * The part between `<!-- name -->` and `<!-- end -->` is as expected.
 * @param page from the root of the repository
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
  // Prettier has its own idea of a table's columns.
  const formatted = await format(updated, { parser: 'markdown', printWidth: 100 });
  if (process.env.UPDATE) writeFileSync(path, formatted);
  else expect(text).toBe(formatted);
}
