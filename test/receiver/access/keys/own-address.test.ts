/** The address of this machine that is printed for the camera. */
import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { ownAddresses } from '../../../../receiver/access/keys/own-address.js';

const at = (address: string, internal = false): NetworkInterfaceInfo[] => [
  { address, internal, family: 'IPv4', netmask: '', mac: '', cidr: null },
];

describe("this machine's address", () => {
  it('is a private one of a real network first', () => {
    const interfaces = {
      lo: at('127.0.0.1', true),
      docker0: at('172.17.0.1'),
      eth1: at('203.0.113.7'),
      wlan0: [...at('fe80::1'), ...at('fd00::5'), ...at('192.168.1.5')],
    };
    expect(ownAddresses(interfaces)).toEqual([
      '192.168.1.5',
      '203.0.113.7',
      'fd00::5',
      '172.17.0.1',
    ]);
  });

  it('is none without a network', () => {
    expect(ownAddresses({ lo: at('127.0.0.1', true) })).toEqual([]);
  });
});
