/** `receiver pair CAMERA`: makes a one-time code and prints the line to type at the camera. */
import { hostname, networkInterfaces } from 'node:os';
import {
  type Destination,
  defaultPort,
  destination,
  formatAddress,
  listenAddress,
} from '../../shared/cli/address.js';
import { systemClock } from '../../shared/clock.js';
import { type Environment, writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { systemScope, userScope } from '../../shared/setup/install/scope.js';
import { list, flag, value } from '../../shared/cli/option-table.js';
import { formatDuration } from '../../shared/cli/units.js';
import { installedSocket } from '../setup/install/installed-socket.js';
import { keysTable, openKeys, readCamera } from '../access/keys/keys-options.js';
import { ownAddresses } from '../access/keys/own-address.js';
import { codeLifeMs, issueCode } from '../access/keys/pairing-codes.js';

const pairProgram = {
  name: 'receiver',
  table: {
    ...keysTable,
    rotate: flag(
      'Change the key of a paired camera. The old key stays valid until the camera uses the new one.',
    ),
    host: value(
      destination,
      'Host name or address of this machine as the camera reaches it, for the printed line. Without it: ' +
        "this machine's address.",
    ),
    listen: list(listenAddress, 'Address that the receiver listens on; its port is printed.'),
  },
} as const;

const usage = `receiver pair CAMERA

Prints one line to type at the camera. The code in it is valid for one pairing, within ${formatDuration(codeLifeMs)}.
After the first camera is paired, only paired cameras are accepted.

`;

/** @throws {UsageError} @throws {OperationalError} */
export const run = defineCommand({
  program: pairProgram,
  usage,
  accepts: 'positionals',
  async run({ options, positionals, env }) {
    const camera = readCamera(positionals, 'pair');
    const folder = await openKeys(options.keys, env);
    const port = options.listen[0]?.port ?? (await installedPort(env));
    const [first, ...others] = ownAddresses(networkInterfaces());
    const { host, port: shownPort }: Destination = options.host ?? {
      host: first ?? hostname(),
      port: port === 0 ? defaultPort : port,
    };
    const code = await issueCode(folder, camera, options.rotate, systemClock.nowMs());
    const line = `agent pair ${formatAddress(host, shownPort)} ${code}`;
    writeTo(1, `${line}\n`);
    if (process.stdout.isTTY) {
      const { renderUnicodeCompact } = await import('uqr');
      writeTo(1, `${renderUnicodeCompact(line)}\n`);
    }
    const alternatives =
      options.host === undefined && others.length > 0 ? `, or ${others.join(', ')}` : '';
    writeTo(
      2,
      `Type that line at the camera within ${codeLifeMs / 60_000} minutes; with sudo if you installed ` +
        `the agent with sudo. This machine is ${host}${alternatives}; ` +
        `the keys are in ${folder.path}.\n`,
    );
  },
});

/** Port of the user's own installation, else of the system's: the one whose keys folder is used. */
async function installedPort(env: Environment): Promise<number> {
  const socket = (await installedSocket(userScope(env))) ?? (await installedSocket(systemScope));
  const first = socket?.listen[0];
  return first === undefined ? defaultPort : listenAddress.parse(first).port;
}
