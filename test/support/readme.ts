/** Parts of the README that are made from what they tell of: compared, or with `UPDATE=1` rewritten. */
import { readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { expect } from 'vitest';
import { root } from './programs.js';

const readmePath = `${root}README.md`;

export function markdownTable(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The part between `<!-- name -->` and `<!-- end -->` is to be as expected. */
export async function checkReadme(name: string, expected: string): Promise<void> {
  const pattern = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end -->)`);
  const readme = readFileSync(readmePath, 'utf8');
  expect(readme).toMatch(pattern);
  const updated = readme.replace(
    pattern,
    (_, start: string, end: string) => `${start}\n${expected}\n\n${end}`,
  );
  // Prettier has its own idea of a table's columns.
  const formatted = await format(updated, { parser: 'markdown', printWidth: 100 });
  if (process.env.UPDATE) writeFileSync(readmePath, formatted);
  else expect(readme).toBe(formatted);
}
