/** `receiver cameras`: which cameras are paired, since when, and when each was last connected. */
import { writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { systemClock } from '../../shared/clock.js';
import { UsageError } from '../../shared/cli/errors.js';
import { flag, value } from '../../shared/cli/option-table.js';
import { cameraName } from '../../shared/protocol/camera-name.js';
import { readPublicKey } from '../../shared/protocol/statement.js';
import { fingerprintOf } from '../archive/verify/key-fingerprint.js';
import { readEarlierKeys } from '../access/keys/earlier-key.js';
import { keysTable, openKeys } from '../access/keys/keys-options.js';
import { type PairedCamera, listCameras } from '../access/keys/pairing-codes.js';

const camerasProgram = {
  name: 'receiver',
  table: {
    ...keysTable,
    json: flag('Print a line of JSON for each camera.'),
    fingerprints: flag(
      "Print the fingerprint of each camera's public key, also of earlier ones, to compare it with that of an export.",
    ),
    publicKey: value(
      cameraName,
      "Print the public key of this camera's signatures, as PEM, and nothing else.",
    ),
  },
} as const;

const usage = `receiver cameras

Lists the paired cameras: when each was paired, when it was last connected, and from which address.

`;

/** @throws {UsageError} @throws {OperationalError} */
export const run = defineCommand({
  program: camerasProgram,
  usage,
  async run({ options, env }) {
    const folder = await openKeys(options.keys, env);
    const cameras = await listCameras(folder, systemClock.nowMs());
    if (options.publicKey !== undefined) {
      writeTo(1, publicKeyOf(options.publicKey, cameras));
      return;
    }
    if (options.fingerprints) {
      for (const each of cameras) writeTo(1, fingerprintLine(each));
      for (const { camera, pem } of readEarlierKeys(folder.path)) {
        writeTo(1, fingerprintLine({ camera, publicKey: pem }, ' (an earlier key)'));
      }
      return;
    }
    if (options.json) for (const camera of cameras) writeTo(1, `${JSON.stringify(camera)}\n`);
    else if (cameras.length > 0) writeTo(1, tableOf(cameras));
    else writeTo(2, `no camera is paired: no keys in ${folder.path}\n`);
  },
});

/** @throws {UsageError} the camera is not paired, or no key is pinned */
function publicKeyOf(camera: string, cameras: readonly PairedCamera[]): string {
  const found = cameras.find((each) => each.camera === camera);
  if (found?.publicKey !== undefined) return found.publicKey;
  const isPaired = found?.pairedAtMs !== undefined;
  throw new UsageError(`no key of signatures is known of camera ${camera}`, {
    hint: isPaired
      ? 'its agent has not connected since it can sign: update the agent, and start it'
      : `pair it: receiver pair ${camera}`,
  });
}

function fingerprintLine(
  { camera, publicKey }: Pick<PairedCamera, 'camera' | 'publicKey'>,
  note = '',
): string {
  const key = publicKey === undefined ? undefined : readPublicKey(publicKey);
  return `${camera} ${key === undefined ? 'no key is known' : fingerprintOf(key)}${note}\n`;
}

function tableOf(cameras: readonly PairedCamera[]): string {
  const head = ['CAMERA', 'PAIRED', 'LAST SEEN', 'FROM', ''];
  const rows = cameras.map(({ camera, pairedAtMs, seen, codeExpiresAtMs }) => [
    camera,
    pairedAtMs === undefined ? 'not yet' : formatLocalTime(pairedAtMs),
    seen === undefined ? 'never' : formatLocalTime(seen.atMs),
    seen?.from ?? '-',
    codeExpiresAtMs === undefined ? '' : `code until ${formatLocalTime(codeExpiresAtMs)}`,
  ]);
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return `${[head, ...rows].map(line).join('\n')}\n`;
}

/** `2026-11-22 08:30`, in this machine's time zone. */
function formatLocalTime(ms: number): string {
  const local = ms + systemClock.utcOffsetMinutes(ms) * 60_000;
  return new Date(local).toISOString().slice(0, 16).replace('T', ' ');
}
