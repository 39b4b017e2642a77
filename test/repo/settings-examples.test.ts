/** The examples of the settings files: made from the option tables (`UPDATE=1` rewrites them), equal to the defaults. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as agent from '../../agent/commands/settings.js';
import { agentProgram } from '../../agent/options.js';
import * as receiver from '../../receiver/commands/settings.js';
import { receiverProgram } from '../../receiver/options.js';
import { type OptionTable, readCommandLine } from '../../shared/cli/option-table.js';
import { checkSettings } from '../../shared/setup/config/check-settings.js';
import { settingsExample } from '../../shared/setup/config/settings-example.js';
import { readEnvironmentFile } from '../../shared/setup/install/environment-file.js';
import { root } from '../support/programs.js';

const examples = [
  {
    known: agent.agentSettings,
    excluded: agent.keysOutsideExample,
    table: agentProgram.table as OptionTable,
  },
  {
    known: receiver.receiverSettings,
    excluded: receiver.keysOutsideExample,
    table: receiverProgram.table as OptionTable,
  },
].map((example) => ({ ...example, name: example.known.program }));

describe.each(examples)('$name.env.example', ({ name, known, excluded, table }) => {
  const path = `${root}systemd/${name}.env.example`;

  it('matches the code', () => {
    const expected = settingsExample(known, excluded);
    if (process.env.UPDATE) writeFileSync(path, expected);
    expect(readFileSync(path, 'utf8')).toBe(expected);
  });

  it('sets nothing as it is, and the defaults when each setting is uncommented', () => {
    const text = readFileSync(path, 'utf8');
    expect([...readEnvironmentFile(text)]).toEqual([]);
    const uncommented = text.replaceAll(/^#([A-Z_]+=)/gm, '$1');
    expect(checkSettings(uncommented, known)).toEqual([]);
    const variables = readEnvironmentFile(uncommented);
    expect(variables.size).toBeGreaterThan(10);
    const read = (env: Record<string, string>) => readCommandLine({ name, table }, [], env).options;
    expect(read(Object.fromEntries(variables))).toEqual(read({}));
  });
});
