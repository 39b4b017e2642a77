/** Networks: which addresses are private, and which addresses a limit counts together. Pure. */
import { BlockList, isIPv6 } from 'node:net';
import { plainAddress } from './camera-name.js';

/** Loopback, private (RFC 1918, RFC 4193) and link-local (RFC 3927, RFC 4291). */
const privateRanges = new BlockList();
privateRanges.addSubnet('127.0.0.0', 8, 'ipv4');
privateRanges.addSubnet('10.0.0.0', 8, 'ipv4');
privateRanges.addSubnet('172.16.0.0', 12, 'ipv4');
privateRanges.addSubnet('192.168.0.0', 16, 'ipv4');
privateRanges.addSubnet('169.254.0.0', 16, 'ipv4');
privateRanges.addAddress('::1', 'ipv6');
privateRanges.addSubnet('fc00::', 7, 'ipv6');
privateRanges.addSubnet('fe80::', 10, 'ipv6');

/** True for loopback, private and link-local addresses. @param address of IPv4 or IPv6 */
export function isPrivateAddress(address: string): boolean {
  const plain = plainAddress(address);
  return privateRanges.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
}

/**
 * The address itself; for a public IPv6 address its /64 prefix, since a provider's customer has all addresses of one.
 * In a private network each address is a machine.
 */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  return isIPv6(plain) && !isPrivateAddress(plain) ? prefixOf(plain) : plain;
}

/** The /64 prefix of an IPv6 address; an IPv4 address itself. */
export function prefixOf(address: string): string {
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return plain;
  const [before = '', after] = plain.toLowerCase().split('::');
  const [head = [], tail = []] = [before, after].map((part) => part?.split(':').filter(Boolean));
  const zeros = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const groups = [...head, ...Array<string>(zeros).fill('0'), ...tail];
  const first = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${first.join(':')}::/64`;
}
