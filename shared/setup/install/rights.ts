/** Checks that this process may install services, and that systemd runs. */
import { access } from 'node:fs/promises';
import { OperationalError, UsageError } from '../../cli/errors.js';
import { type RunTool, ask } from '../../process/run-tool.js';
import { ownPackage } from './package-root.js';
import type { Scope } from './scope.js';

/**
 * @param words the command line: `agent install …`
 * @throws {UsageError} not root @throws {OperationalError} INSTALL: systemd does not run
 */
export async function checkRights(
  words: readonly string[],
  scope: Scope,
  run: RunTool,
): Promise<void> {
  if (!scope.isUser && process.getuid?.() !== 0) {
    throw new UsageError('root privileges are required', {
      hint: `run: sudo ${commandLine(words)}; or use --user for a service of this user`,
    });
  }
  const [name, args] = scope.isUser
    ? (['systemctl', ['--user', 'show-environment']] as const)
    : (['systemctl', ['show-environment']] as const);
  const isRunning = (await isBooted()) && (await ask(run, name, args)) !== undefined;
  if (isRunning) return;
  const message = scope.isUser
    ? "this user's systemd instance does not run"
    : 'systemd does not run here';
  const hint = scope.isUser
    ? 'log in as this user, not with su or sudo; or leave out --user'
    : 'start the program with the service manager of this machine; --dry-run shows the unit files';
  throw new OperationalError('INSTALL', message, { hint });
}

/** sd_booted(3). */
async function isBooted(): Promise<boolean> {
  return access('/run/systemd/system').then(
    () => true,
    () => false,
  );
}

/** The command line for sudo: with full paths for programs in a home, which are not in sudo's PATH. */
function commandLine(words: readonly string[]): string {
  const { node, root } = ownPackage();
  const [program = '', ...rest] = words;
  const start = /^\/usr\//.test(node) ? [program] : [node, `${root}/dist/${program}.js`];
  return [...start, ...rest].join(' ');
}
