/** Whom an address belongs to, as far as it can be told, for limits by address. Pure. */
import { isIPv6 } from 'node:net';
import { plainAddress } from '../../shared/protocol/camera-name.js';
import { isNear } from './admit.js';

/**
 * The address itself; of an IPv6 address of the internet its first 64 bits, since a customer has as many
 * addresses below them as he likes. In a private network each address is a machine.
 */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (!isIPv6(plain) || isNear(plain)) return plain;
  const [before = '', after] = plain.toLowerCase().split('::');
  const [head = [], tail = []] = [before, after].map((part) => part?.split(':').filter(Boolean));
  const zeros = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const groups = [...head, ...Array<string>(zeros).fill('0'), ...tail];
  const first = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${first.join(':')}::/64`;
}
