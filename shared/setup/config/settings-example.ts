/** The example of a settings file: every setting, commented out, with its default. Pure. */
import { variableName } from '../../cli/option-table.js';
import { wrap } from '../../cli/text-width.js';
import type { KnownSettings } from './check-settings.js';
import { settingKeys } from './settings-in-force.js';

const width = 100;

/** @param excluded keys that are no settings of an installed service */
export function settingsExample(known: KnownSettings, excluded: readonly string[]): string {
  const { program, tables, others } = known;
  const [table = {}] = tables;
  const keys = settingKeys(table).filter((key) => !excluded.includes(key));
  const settings = keys.map((key) => {
    const { metavar = 'yes|no', help = '', isMany, defaultText } = table[key] ?? {};
    const byDefault = defaultText ?? (metavar === 'yes|no' ? 'no' : '');
    const several = isMany ? ' Several values are separated by spaces.' : '';
    return [
      ...comment(`${metavar}. ${help}${several}`),
      `#${variableName(program, key)}=${byDefault}`,
    ];
  });
  const further = Object.keys(others).map((variable) => [
    ...comment('JSON array of strings. The command after -- on the command line.'),
    `#${variable}=`,
  ]);
  return [heading(program), ...settings, ...further]
    .map((lines) => lines.map((line) => `${line}\n`).join(''))
    .join('\n');
}

function heading(program: string): readonly string[] {
  return [
    ...comment(
      `Every setting of the ${program} with its default. Copy a line into ${program}.env, without the # at its ` +
        'start, and change the value; then run:',
    ),
    `#   ${program} config --check && ${program} install`,
    ...comment(
      'Nothing reads this file. A comment needs a line of its own. An empty value means the default.',
    ),
  ];
}

function comment(text: string): readonly string[] {
  return wrap(text, width, '# ');
}
