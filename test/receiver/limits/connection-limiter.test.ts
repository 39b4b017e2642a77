/** Who gives way to whom, and who is turned away. */
import { describe, expect, it } from 'vitest';
import { maxPendingConnections } from '../../../receiver/limits/receiver-limits.js';
import { ConnectionLimiter } from '../../../receiver/limits/connection-limiter.js';

function openPlaces(settings = {}) {
  const places = new ConnectionLimiter({
    maxConnections: 3,
    maxConnectionsPerAddress: 2,
    ...settings,
  });
  const gone: string[] = [];
  const come = (address: string, name = address) => places.accept(address, () => gone.push(name));
  return { places, come, gone };
}

describe('newcomers', () => {
  it('beyond the limit displace the oldest of the address that has most', () => {
    const { come, gone } = openPlaces();
    come('10.0.0.1', 'camera');
    for (let at = 1; at < maxPendingConnections; at += 1) come('10.0.0.2', `flood ${at}`);
    expect(gone).toEqual([]);
    come('10.0.0.3');
    come('10.0.0.2');
    expect(gone).toEqual(['flood 1', 'flood 2']);
  });

  it('that left, or are served, make room', () => {
    const { places, come, gone } = openPlaces();
    places.release(come('10.0.0.1'));
    places.admit(come('10.0.0.1'), true);
    for (let at = 0; at < maxPendingConnections; at += 1) come('10.0.0.2');
    expect(gone).toEqual([]);
    come('10.0.0.2');
    expect(gone).toHaveLength(1);
  });

  it.each([
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff'],
    ['2001:db8::1', '2001:db8:0:0:7::'],
    ['10.0.0.1', '::ffff:10.0.0.1'],
  ])('from %s and %s count as one address', (one, other) => {
    const { places, come } = openPlaces({ maxConnectionsPerAddress: 1 });
    expect(places.admit(come(one), false)).toBeUndefined();
    expect(places.admit(come(other), false)).toContain('--max-connections-per-address');
  });

  it.each([
    ['2001:db8:1:2::1', '2001:db8:1:3::1'],
    ['fe80::1', 'fe80::2'],
    ['fd00::1', 'fd00::2'],
    ['10.0.0.1', '10.0.0.2'],
  ])('from %s and %s do not', (one, other) => {
    const { places, come } = openPlaces({ maxConnectionsPerAddress: 1 });
    expect(places.admit(come(one), false)).toBeUndefined();
    expect(places.admit(come(other), false)).toBeUndefined();
  });
});

describe('those who are served', () => {
  it('are limited by address when they have no key, and are not when they have', () => {
    const { places, come } = openPlaces();
    for (const isPaired of [false, true]) {
      expect(places.admit(come('10.0.0.1'), isPaired)).toBeUndefined();
      expect(places.admit(come('10.0.0.1'), isPaired)).toBeUndefined();
    }
    expect(places.admit(come('10.0.0.1'), false)).toBe(
      'busy: 2 connections from 10.0.0.1 are open, the limit set by --max-connections-per-address',
    );
    expect(places.admit(come('10.0.0.1'), true)).toBeUndefined();
  });

  it('are limited in all, those without a key apart from those who have one', () => {
    const { places, come } = openPlaces();
    const strangers = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) => come(address));
    for (const place of strangers) expect(places.admit(place, false)).toBeUndefined();
    expect(places.admit(come('10.0.0.4'), false)).toContain('limit set by --max-connections');
    expect(places.admit(come('10.0.0.4'), true)).toBeUndefined();
    if (strangers[0]) places.release(strangers[0]);
    expect(places.admit(come('10.0.0.4'), false)).toBeUndefined();
  });
});
