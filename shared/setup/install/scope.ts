/** The folders of an installation: of the system or of one user. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../cli/command.js';

export interface Scope {
  readonly isUser: boolean;
  /** Unit files of the administrator or of the user. */
  readonly unitFolder: string;
  /** Settings: `agent.env`, `receiver.env`. */
  readonly settingsFolder: string;
  /** The manifest, and copied programs. */
  readonly libraryFolder: string;
  /** Parent folder of a service's `StateDirectory=`; undefined: the default of programs that are run by hand. */
  readonly stateFolder: string | undefined;
  /** Parent folder of a service's `RuntimeDirectory=`. */
  readonly runtimeFolder: string;
}

export const systemScope: Scope = {
  isUser: false,
  unitFolder: '/etc/systemd/system',
  settingsFolder: '/etc/picchanged',
  libraryFolder: '/usr/local/lib/picchanged',
  stateFolder: '/var/lib',
  runtimeFolder: '/run',
};

/** Folders of the XDG base directory specification; systemd's user instance uses the same. */
export function userScope(env: Environment): Scope {
  const home = env.HOME || homedir();
  const config = env.XDG_CONFIG_HOME || join(home, '.config');
  const data = env.XDG_DATA_HOME || join(home, '.local', 'share');
  return {
    isUser: true,
    unitFolder: join(config, 'systemd', 'user'),
    settingsFolder: join(config, 'picchanged'),
    libraryFolder: join(data, 'picchanged'),
    stateFolder: undefined,
    runtimeFolder: env.XDG_RUNTIME_DIR || `/run/user/${process.getuid?.() ?? 0}`,
  };
}

export function scopeFor(isUser: boolean, env: Environment): Scope {
  return isUser ? userScope(env) : systemScope;
}

/** Folder for a copy of a program that services cannot access at its own path. */
export function copyFolder(scope: Scope, program: string): string {
  return join(scope.libraryFolder, program);
}
