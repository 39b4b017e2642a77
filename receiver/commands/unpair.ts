/** `receiver unpair CAMERA`: revokes a camera's key. */
import { systemClock } from '../../shared/clock.js';
import { type Environment, writeTo } from '../../shared/cli/command.js';
import { helpText, readCommandLine } from '../../shared/cli/option-table.js';
import { keysTable, openKeys, readCamera } from '../access/keys/keys-options.js';
import { removeCamera, removeExpired } from '../access/keys/pairing-codes.js';

const unpairProgram = { name: 'receiver', table: keysTable } as const;

const usage = `receiver unpair CAMERA

Revokes a camera's key: no further frame of this camera is stored, and its open connection is closed within seconds.
The receiver stays closed to unpaired peers, also after the last camera is unpaired.

`;

/** @throws {UsageError} @throws {OperationalError} */
export async function run(argv: readonly string[], env: Environment): Promise<void> {
  const { options, positionals } = readCommandLine(unpairProgram, argv, env);
  if (options.help) {
    writeTo(1, `${usage}${helpText(unpairProgram)}\n`);
    return;
  }
  const camera = readCamera(positionals, 'unpair');
  const folder = await openKeys(options.keys, env);
  await removeCamera(folder, camera);
  await removeExpired(folder, systemClock.nowMs());
  writeTo(1, `${camera} is no longer accepted\n`);
}
