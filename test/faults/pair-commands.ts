/** The commands that start the programs of the pair. */
import type { Programs } from './stage.js';

export interface CommandParts {
  readonly programs: Programs;
  readonly camera: string;
  readonly capturesPath: string;
  readonly keysPath: string;
  /** The port on which the receiver listens. */
  readonly receiverPort: number;
  /** The port to which the agent connects. */
  readonly proxyPort: number;
  readonly statePath: string;
  readonly folder: string;
  readonly agentArgs: readonly string[];
  /** False: it detects motion. */
  readonly sendsAll: boolean;
  /** Environment variables of every process of the pair. */
  readonly variables: readonly string[];
}

export interface PairCommands {
  readonly agent: readonly string[];
  /** One process for all connections. */
  readonly one: readonly string[];
  /** A process for each connection. */
  readonly many: readonly string[];
}

export function pairCommands(parts: CommandParts): PairCommands {
  const { programs, camera, capturesPath, keysPath, statePath, folder } = parts;
  const node = process.execPath;
  const receiver = [node, programs.receiver, '--dir', capturesPath, '--keys', keysPath];
  const address = `127.0.0.1:${parts.receiverPort}`;
  // systemd-socket-activate passes only the variables given by --setenv.
  const flags = parts.variables.flatMap((name) => ['-E', name]);
  return {
    agent: [
      ...[node, programs.agent, '--host', `127.0.0.1:${parts.proxyPort}`],
      ...['--state', statePath, '--camera', camera, '--source', `folder:${folder}`],
      ...(parts.sendsAll ? ['--all'] : []),
      ...['--json', '--verbose', ...parts.agentArgs],
    ],
    one: [...receiver, '--listen', address, '--json', '--verbose'],
    many: ['systemd-socket-activate', '-l', address, '--inetd', '-a', ...flags, ...receiver],
  };
}
