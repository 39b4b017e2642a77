/** `receiver unpair CAMERA`: revokes a camera's key. */
import { systemClock } from '../../shared/clock.js';
import { writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { keysTable, openKeys, readCamera } from '../access/keys/keys-options.js';
import { removeCamera, removeExpired } from '../access/keys/pairing-codes.js';

const unpairProgram = { name: 'receiver', table: keysTable } as const;

const usage = `receiver unpair CAMERA

Revokes a camera's key: no further frame of this camera is stored, and its open connection is closed within seconds.
The receiver stays closed to unpaired peers, also after the last camera is unpaired.

`;

/** @throws {UsageError} @throws {OperationalError} */
export const run = defineCommand({
  program: unpairProgram,
  usage,
  accepts: 'positionals',
  async run({ options, positionals, env }) {
    const camera = readCamera(positionals, 'unpair');
    const folder = await openKeys(options.keys, env);
    await removeCamera(folder, camera);
    await removeExpired(folder, systemClock.nowMs());
    writeTo(1, `${camera} is no longer accepted\n`);
  },
});
