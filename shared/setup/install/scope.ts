/** Where an installation lies: in the system, or with one user of it. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../cli/command.js';

export interface Scope {
  readonly isUser: boolean;
  /** Unit files of the administrator, or of the user. */
  readonly unitFolder: string;
  /** Settings: `agent.env`, `receiver.env`. */
  readonly settingsFolder: string;
  /** What install wrote down, and programs that it copied. */
  readonly libraryFolder: string;
  /** Where systemd makes a service's `StateDirectory=`; undefined: state lies where runs by hand have it. */
  readonly stateFolder: string | undefined;
}

export const systemScope: Scope = {
  isUser: false,
  unitFolder: '/etc/systemd/system',
  settingsFolder: '/etc/picchanged',
  libraryFolder: '/usr/local/lib/picchanged',
  stateFolder: '/var/lib',
};

/** The folders of the XDG base directory specification, in which systemd's user instance looks too. */
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
  };
}

export function scopeFor(isUser: boolean, env: Environment): Scope {
  return isUser ? userScope(env) : systemScope;
}

/** Where a program goes that services could not see in its own place. */
export function copyFolder(scope: Scope, program: string): string {
  return join(scope.libraryFolder, program);
}
