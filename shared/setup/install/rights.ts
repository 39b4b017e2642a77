/** Whether this process may set up services at all, and whether there is a systemd to set them up in. */
import { access } from 'node:fs/promises';
import { OperationalError, UsageError } from '../../cli/errors.js';
import { type RunTool, ask } from '../../process/run-tool.js';
import type { Package } from './program-files.js';
import type { Scope } from './scope.js';

export interface Request {
  /** `agent install`, as it was typed. */
  readonly words: readonly string[];
  readonly package: Package;
  readonly userId: number | undefined;
}

/** @throws {UsageError} not root @throws {OperationalError} INSTALL: there is no systemd here */
export async function checkRights(request: Request, scope: Scope, run: RunTool): Promise<void> {
  if (!scope.isUser && request.userId !== 0) {
    throw new UsageError('this needs root', {
      hint: `sudo ${commandLine(request)}, or --user for a service of this user alone`,
    });
  }
  const [name, args] = scope.isUser
    ? (['systemctl', ['--user', 'show-environment']] as const)
    : (['systemctl', ['show-environment']] as const);
  const isThere = (await isBooted()) && (await ask(run, name, args)) !== undefined;
  if (isThere) return;
  const what = scope.isUser
    ? "there is no systemd for this user's services"
    : 'systemd does not run here';
  const hint = scope.isUser
    ? 'log in as that user, not by su or sudo; or leave out --user'
    : 'start it by hand, or by what starts services here; --dry-run shows what would be written';
  throw new OperationalError('INSTALL', what, { hint });
}

/** sd_booted(3). */
async function isBooted(): Promise<boolean> {
  return access('/run/systemd/system').then(
    () => true,
    () => false,
  );
}

/** As it has to be typed after sudo, whose PATH has no programs from a home. */
function commandLine({ words, package: { node, root } }: Request): string {
  const [program = '', ...rest] = words;
  const start = /^\/usr\//.test(node) ? [program] : [node, `${root}/dist/${program}.js`];
  return [...start, ...rest].join(' ');
}
