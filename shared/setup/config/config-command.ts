/** The command config of both programs: shows the settings that apply, or checks the settings file. */
import { type Command, writeTo } from '../../cli/command.js';
import { defineCommand } from '../../cli/define-command.js';
import { OperationalError, UsageError } from '../../cli/errors.js';
import { counted } from '../../cli/humanize.js';
import { flag, value } from '../../cli/option-table.js';
import { path } from '../../cli/value-types.js';
import { scopeFor } from '../install/scope.js';
import { readInstalledSettings, readSettingsFile } from '../install/settings.js';
import { type KnownSettings, checkSettings, problemText } from './check-settings.js';
import { inForceLines, settingsInForce } from './settings-in-force.js';
import { unitSettings } from './unit-settings.js';
import { unreadDropIns, unreadText } from './unread-drop-ins.js';

const configOptions = {
  check: flag('Only check the settings file: the exit code is 2 when it has a fault.'),
  file: value(path('FILE'), 'The settings file. Without it: that of the installed service.'),
  user: flag("The settings of this user's systemd instance instead of the system's."),
  help: flag('Show this help.'),
};

const usageOf = (program: string): string => `${program} config [--check] [--file FILE] …

Shows the settings that apply to the installed ${program}, and where each comes from: a flag that is given here or in the
unit, a line of the settings file, the unit, or the default. Drop-ins that install did not write are not read: those that
set something for the ${program} are named.

With --check: reads the settings file as systemd does, and names each variable that the ${program} does not know and each
value that it refuses, with the line. The exit code is 2 when there is one, and 3 when the file cannot be read.

`;

/** `config` of a program: shows the settings that apply, or checks the settings file. */
export function defineConfig(known: KnownSettings): Command {
  const { program } = known;
  const [options = {}] = known.tables;
  return defineCommand({
    program: { name: program, table: { ...options, ...configOptions } },
    usage: usageOf(program),
    shown: configOptions,
    // The environment of this shell is not that of the service.
    readsEnvironment: false,
    async run({ options: { check, file, user }, supplied, env }) {
      const scope = scopeFor(user, env);
      const isGiven = typeof file === 'string';
      const settings = await (isGiven
        ? readSettingsFile(file)
        : readInstalledSettings(scope, program));
      if (settings.status === 'hidden') {
        const hint = `sudo ${program} config`;
        throw new OperationalError('UNREADABLE', `cannot read ${settings.path}`, { hint });
      }
      if (settings.status === 'missing' && (isGiven || check)) {
        const hint = isGiven ? 'name another --file' : `${program} install writes it`;
        throw new OperationalError('UNREADABLE', `${settings.path} does not exist`, { hint });
      }
      const problems = checkSettings(settings.text, known);
      const lines = problems.map((problem) => problemText(settings.path, problem));
      const faults = problems.filter(({ level }) => level === 'fault').length;
      if (!check) {
        const units = isGiven ? [] : await unitSettings(scope, program, options);
        lines.unshift(
          ...inForceLines(settingsInForce(known, { flags: supplied, units, file: settings })),
        );
        const unread = isGiven ? [] : await unreadDropIns(scope, program);
        lines.push(...unread.map((each) => unreadText(each, user)));
      } else if (faults === 0) lines.push(`${settings.path}: no fault`);
      writeTo(1, lines.map((line) => `${line}\n`).join(''));
      if (faults > 0) throw new UsageError(`${settings.path} has ${counted(faults, 'fault')}`);
    },
  });
}
