/**
 * udev for the lab. Where it is not installed it is fetched and unpacked into the lab only: installing it would
 * upgrade this machine's systemd with it.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { missing, root } from '../support/programs.js';

const cache = `${root}node_modules/.cache/picchanged`;

/** @returns flags for a lab that runs udev, or why there can be none */
export function udevFlags(): { readonly flags: string[]; readonly why: string | undefined } {
  const why = missing('udevadm', 'udev');
  if (why === undefined) return { flags: ['--udev'], why };
  mkdirSync(cache, { recursive: true });
  const find = (): string | undefined =>
    readdirSync(cache).find((name) => /^udev_.*\.deb$/.test(name));
  if (find() === undefined) spawnSync('apt-get', ['download', 'udev'], { cwd: cache });
  const file = find();
  if (file === undefined) return { flags: [], why };
  return { flags: ['--udev', '--deb', `${cache}/${file}`], why: undefined };
}
