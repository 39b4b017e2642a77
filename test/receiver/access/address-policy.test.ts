/** Which addresses an open receiver accepts. */
import { describe, expect, it } from 'vitest';
import { refusalFor } from '../../../receiver/access/address-policy.js';

describe('the address policy of an open receiver', () => {
  it.each([
    '127.0.0.1',
    '127.8.8.8',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.5',
    '169.254.3.4',
    '::1',
    'fd12::1',
    'fe80::1%eth0',
    '::ffff:192.168.1.5',
  ])('accepts %s', (address) => {
    expect(refusalFor(address)).toBeUndefined();
  });

  it.each(['8.8.8.8', '172.32.0.1', '100.64.0.1', '2001:db8::1', '::ffff:8.8.8.8', '', 'nonsense'])(
    'refuses %s',
    (address) => {
      expect(refusalFor(address)).toContain('private networks only');
    },
  );
});
