/** Which limits an installation gets. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  minFreeOf,
  retentionDefaults,
} from '../../../../receiver/setup/install/retention-defaults.js';
import { temporaryDirectory } from '../../../support/temporary.js';

const install = 'sudo receiver install';

function defaults(changes: Partial<Parameters<typeof retentionDefaults>[0]> = {}) {
  const directory = temporaryDirectory();
  return retentionDefaults({ directory, installed: undefined, given: {}, install, ...changes });
}

describe('the limits of an installation', () => {
  it('are 30 days and a tenth of the disk when it is fresh, and it says so', () => {
    const { settings, isLimited, notes } = defaults();
    expect(isLimited).toBe(true);
    expect(settings.RECEIVER_MAX_AGE).toBe('30d');
    expect(['10%', '1GiB']).toContain(settings.RECEIVER_MIN_FREE);
    expect(notes.join()).toMatch(/frames older than 30d are deleted.*To change it: sudo receiver/);
    const missing = join(temporaryDirectory(), 'not', 'made');
    expect(defaults({ directory: missing }).settings.RECEIVER_MAX_AGE).toBe('30d');
  });

  it('are those that are given', () => {
    const { settings, notes } = defaults({ given: { RECEIVER_MAX_AGE: '90d' } });
    expect(settings.RECEIVER_MAX_AGE).toBe('90d');
    expect(notes.join()).toContain('older than 90d');
  });

  it('are none where they are taken back', () => {
    const [age, free] = [{ RECEIVER_MAX_AGE: undefined }, { RECEIVER_MIN_FREE: undefined }];
    const aged = defaults({ given: free });
    expect(aged).toMatchObject({ isLimited: true, settings: { RECEIVER_MAX_AGE: '30d' } });
    expect(aged.notes.join()).toMatch(/^frames older than 30d are deleted\. To change/);
    expect(defaults({ given: age }).notes.join()).toMatch(/^the oldest frames are deleted while/);
    const none = defaults({ given: { ...age, ...free } });
    expect(none.isLimited).toBe(false);
    expect(none.notes.join()).toMatch(/^nothing is deleted/);
    const installed = { RECEIVER_MAX_AGE: '30d' };
    expect(defaults({ installed, given: age }).isLimited).toBe(false);
  });

  it('are none for an installation, or a directory, of before', () => {
    const old = defaults({ installed: { RECEIVER_DIR: '/srv/captures' } });
    expect(old).toMatchObject({ settings: {}, isLimited: false });
    expect(old.notes.join()).toMatch(/^nothing is deleted: there is no limit\. To delete/);
    const directory = temporaryDirectory();
    writeFileSync(join(directory, '.picchanged.json'), '{}');
    expect(defaults({ directory })).toMatchObject({ settings: {}, isLimited: false });
    const given = { RECEIVER_MAX_SIZE: '9GiB' };
    expect(defaults({ directory, given })).toMatchObject({ settings: {}, isLimited: true });
  });

  it('stay when there are some', () => {
    const installed = { RECEIVER_MIN_FREE: '5GiB' };
    expect(defaults({ installed })).toEqual({ settings: {}, isLimited: true, notes: [] });
  });

  it.each([
    [1e12, '10%'],
    [8 * 2 ** 30, '1GiB'],
    [2 ** 30, '10%'],
  ])('on a disk of %i bytes %s stay free', (totalBytes, setting) => {
    expect(minFreeOf({ totalBytes })).toBe(setting);
  });
});
