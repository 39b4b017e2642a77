/** Who is heard: an open receiver hears this machine and private networks. Pure. */
import { BlockList, isIPv6 } from 'node:net';
import { plainAddress } from '../../shared/protocol/camera-name.js';

/** Loopback, private (RFC 1918, RFC 4193) and link-local (RFC 3927, RFC 4291). */
const near = new BlockList();
near.addSubnet('127.0.0.0', 8, 'ipv4');
near.addSubnet('10.0.0.0', 8, 'ipv4');
near.addSubnet('172.16.0.0', 12, 'ipv4');
near.addSubnet('192.168.0.0', 16, 'ipv4');
near.addSubnet('169.254.0.0', 16, 'ipv4');
near.addAddress('::1', 'ipv6');
near.addSubnet('fc00::', 7, 'ipv6');
near.addSubnet('fe80::', 10, 'ipv6');

/** True for this machine and for networks that are not the internet. */
export function isNear(address: string): boolean {
  const plain = plainAddress(address);
  return near.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
}

/** Why a peer is not heard, as a sentence for it; undefined when it is. */
export function refusalFor(address: string): string | undefined {
  if (isNear(address)) return undefined;
  const plain = plainAddress(address);
  return `this receiver hears its own machine and private networks only, not ${plain}`;
}
