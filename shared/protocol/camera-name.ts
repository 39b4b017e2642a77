/** The grammar of camera names, and the names derived from host names and addresses. Pure. */
import { isIPv6 } from 'node:net';
import type { ValueType } from '../cli/option-table.js';
import { InvalidValue } from '../cli/units.js';

/** Prefix of the names for raw senders, made from their addresses; no camera may have one. */
const rawPrefix = 'raw-';

/** True for `[a-z0-9][a-z0-9-]{0,62}`, safe as a folder's name, without the prefix of raw senders. */
export function isCameraName(name: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,62}$/.test(name) && !name.startsWith(rawPrefix);
}

export const cameraName: ValueType<string> = {
  metavar: 'NAME',
  noneIsValue: true,
  parse(text) {
    if (!isCameraName(text)) {
      throw new InvalidValue(
        `a camera's name has 1 to 63 of a-z, 0-9 and -, and starts neither with - nor with ${rawPrefix}`,
      );
    }
    return text;
  },
};

/** `Front Door.local` → `front-door-local`; `camera` when nothing usable is left. */
export function cameraNameFromHost(hostName: string): string {
  const name = hostName
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-')
    .replace(/^-+/, '')
    .slice(0, 63);
  if (isCameraName(name)) return name;
  return name === '' ? 'camera' : `camera-${name}`.slice(0, 63);
}

/** `192.168.1.5` or `::ffff:192.168.1.5` → `raw-192-168-1-5`; a zone (`%eth0`) is left out. */
export function rawCameraName(address: string): string {
  return rawPrefix + plainAddress(address).replaceAll(/[.:]/g, '-').toLowerCase();
}

/** An address as users write it: an IPv4-mapped IPv6 address as IPv4, no zone. */
export function plainAddress(address: string): string {
  const [bare = ''] = address.split('%');
  const mapped = isIPv6(bare) ? /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] : undefined;
  return mapped ?? bare;
}

/** @param address as of `plainAddress` */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address);
}
