/** `receiver web-password NAME`: makes or replaces a line of the viewer's password file. */
import { dirname } from 'node:path';
import { writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { UsageError } from '../../shared/cli/errors.js';
import { flag, value } from '../../shared/cli/option-table.js';
import { choice, path } from '../../shared/cli/value-types.js';
import { makeDirectories } from '../../shared/files/durable-file.js';
import { scopeFor } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import { passwordFileOf } from '../setup/install/installed-web.js';
import { askPassword } from '../web/access/ask-password.js';
import { isViewerName, nameRule } from '../web/access/password-lines.js';
import { writePassword } from '../web/access/write-password.js';

export const webPasswordProgram = {
  name: 'receiver',
  table: {
    role: value(
      choice('look', 'keep'),
      'look: may see frames. keep: may also keep them, and end that. Without it: that of the present line, ' +
        'else look.',
    ),
    file: value(
      path('FILE'),
      'The password file. Without it: that of the installed viewer, or the one that receiver install --web takes.',
    ),
    user: flag("The file of this user's systemd instance, not the system's."),
    help: flag('Show this help.'),
  },
} as const;

const usage = `receiver web-password NAME [--role look|keep] [--file FILE]

Sets the password with which NAME opens the viewer: asks for it twice, or reads one line of standard input. A running
viewer reads it within a second, and ends NAME's sessions. To remove a name, remove its line from the file.

`;

/** @throws {UsageError} @throws {OperationalError} WEB */
export const run = defineCommand({
  program: webPasswordProgram,
  usage,
  accepts: 'positionals',
  // RECEIVER_FILE means nothing.
  readsEnvironment: false,
  async run({ options, positionals: [name, ...more], env }) {
    if (name === undefined || more.length > 0) {
      throw new UsageError('receiver web-password needs one NAME');
    }
    if (!isViewerName(name)) throw new UsageError(`'${name}': ${nameRule}`);
    const file = options.file ?? (await installedFile(env, options.user));
    const password = await askPassword(name);
    const { role, isNew } = await writePassword(file, { name, role: options.role, password });
    writeTo(1, `${isNew ? 'added' : 'changed'} ${name}, who may ${role}, in ${file}\n`);
  },
});

async function installedFile(
  env: Readonly<Record<string, string | undefined>>,
  isUser: boolean,
): Promise<string> {
  const scope = scopeFor(isUser, env);
  const { variables, status, path: settings } = await readInstalledSettings(scope, 'web');
  const file = env.RECEIVER_WEB_PASSWORD_FILE || variables.RECEIVER_WEB_PASSWORD_FILE;
  if (file) return file;
  if (status === 'hidden') {
    const hint = `sudo receiver web-password, or name the password file with --file FILE`;
    throw new UsageError(`this user may not read ${settings}`, { hint });
  }
  // Before receiver install --web, which takes it.
  const standard = passwordFileOf(scope);
  // Where that fails, so does writing the file, which says why.
  await makeDirectories(dirname(standard), 0o755).catch(() => undefined);
  return standard;
}
