/** README tables that are made from the code. `UPDATE=1 npx vitest run test/readme.test.ts` rewrites them. */
import { describe, it } from 'vitest';
import { agentProgram } from '../agent/options.js';
import { replayProgram } from '../agent/replay/replay-options.js';
import { receiverProgram } from '../receiver/options.js';
import { errorCodes } from '../shared/errors.js';
import { type Program, optionRows } from '../shared/option-table.js';
import { checkReadme, markdownTable } from './support/readme.js';

function optionTable(program: Program): string {
  const rows = optionRows(program).map(({ flag, help, defaultText }) => [
    `\`${flag}\``,
    help,
    defaultText === undefined ? '' : `\`${defaultText}\``,
  ]);
  return markdownTable(['flag', 'what it does', 'default'], rows);
}

const blocks: Record<string, string> = {
  'agent options': optionTable(agentProgram),
  'replay options': optionTable(replayProgram),
  'receiver options': optionTable(receiverProgram),
  'error codes': markdownTable(
    ['code', 'what it stands for'],
    Object.entries(errorCodes).map(([code, meaning]) => [`\`${code}\``, meaning]),
  ),
};

describe('the README', () => {
  it.each(Object.entries(blocks))('has the %s as the code has them', checkReadme);
});
