/** Findings for key files with a wrong owner or mode. */
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { privateFindings } from '../../../../shared/setup/doctor/private-findings.js';
import { temporaryDirectory } from '../../../support/temporary.js';

const isRoot = process.geteuid?.() === 0;
const ownId = process.geteuid?.() ?? 0;

function keysFolder(): string {
  const folder = join(temporaryDirectory(), 'keys');
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(folder, 'yard.json'), '{}', { mode: 0o600 });
  return folder;
}

describe('a folder of keys', () => {
  it('that only its owner can access gives no finding, nor does a missing one', async () => {
    const folder = keysFolder();
    expect(await privateFindings(folder, ownId)).toEqual([]);
    expect(await privateFindings(folder, undefined)).toEqual([]);
    expect(await privateFindings(join(folder, 'none'), ownId)).toEqual([]);
  });

  it.each(['', 'yard.json'])('that other users can access is a warning: %j', async (name) => {
    const folder = keysFolder();
    chmodSync(join(folder, name), 0o755);
    expect(await privateFindings(folder, ownId)).toMatchObject([
      { level: 'warning', todo: `sudo chmod -R go= '${folder}'` },
    ]);
  });

  it.skipIf(!isRoot)('that another user owns is a fault (root)', async () => {
    const folder = keysFolder();
    chownSync(join(folder, 'yard.json'), 12_345, 12_345);
    expect(await privateFindings(folder, ownId)).toMatchObject([
      { level: 'fault', says: expect.stringContaining('yard.json does not belong') as string },
    ]);
    expect(await privateFindings(folder, undefined)).toEqual([]);
  });
});
