/** `receiver cameras`: which cameras are paired, since when, and when each was last connected. */
import { writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { systemClock } from '../../shared/clock.js';
import { flag } from '../../shared/cli/option-table.js';
import { keysTable, openKeys } from '../access/keys/keys-options.js';
import { type PairedCamera, listCameras } from '../access/keys/pairing-codes.js';

const camerasProgram = {
  name: 'receiver',
  table: { ...keysTable, json: flag('Print a line of JSON for each camera.') },
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
    if (options.json) for (const camera of cameras) writeTo(1, `${JSON.stringify(camera)}\n`);
    else if (cameras.length > 0) writeTo(1, tableOf(cameras));
    else writeTo(2, `no camera is paired: no keys in ${folder.path}\n`);
  },
});

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
