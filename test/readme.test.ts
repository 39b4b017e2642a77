/** README tables that are made from the code. `UPDATE=1 npx vitest run test/readme.test.ts` rewrites them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import { agentProgram } from '../agent/options.js';
import { replayProgram } from '../agent/replay/replay-options.js';
import { receiverProgram } from '../receiver/options.js';
import { errorCodes } from '../shared/errors.js';
import { type Program, optionRows } from '../shared/option-table.js';

const readmePath = new URL('../README.md', import.meta.url);

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function optionTable(program: Program): string {
  const rows = optionRows(program).map(({ flag, help, defaultText }) => [
    `\`${flag}\``,
    help,
    defaultText === undefined ? '' : `\`${defaultText}\``,
  ]);
  return table(['flag', 'what it does', 'default'], rows);
}

const blocks: Record<string, string> = {
  'agent options': optionTable(agentProgram),
  'replay options': optionTable(replayProgram),
  'receiver options': optionTable(receiverProgram),
  'error codes': table(
    ['code', 'what it stands for'],
    Object.entries(errorCodes).map(([code, meaning]) => [`\`${code}\``, meaning]),
  ),
};

const blockPattern = (name: string): RegExp =>
  new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end -->)`);

describe('the README', () => {
  it.each(Object.entries(blocks))('has the %s as the code has them', async (name, expected) => {
    const readme = readFileSync(readmePath, 'utf8');
    expect(readme).toMatch(blockPattern(name));
    const updated = readme.replace(
      blockPattern(name),
      (_, start: string, end: string) => `${start}\n${expected}\n\n${end}`,
    );
    // Prettier has its own idea of a table's columns.
    const formatted = await format(updated, { parser: 'markdown', printWidth: 100 });
    if (process.env.UPDATE) writeFileSync(readmePath, formatted);
    else expect(readme).toBe(formatted);
  });
});
