/** The captures directory's own id. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StoreMarker } from '../../../receiver/store/store-marker.js';
import { temporaryDirectory } from '../../support/temporary.js';

describe('a captures directory', () => {
  it('gets an id once', async () => {
    const directory = temporaryDirectory();
    const { id } = await StoreMarker.open(directory);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect((await StoreMarker.open(directory)).id).toBe(id);
    const text = readFileSync(join(directory, '.picchanged.json'), 'utf8');
    expect(JSON.parse(text)).toEqual({ id });
  });

  it('has one id for all who open it first at the same time', async () => {
    const directory = temporaryDirectory();
    const markers = await Promise.all(
      Array.from({ length: 10 }, () => StoreMarker.open(directory)),
    );
    expect(new Set(markers.map(({ id }) => id)).size).toBe(1);
    expect(readdirSync(directory)).toEqual(['.picchanged.json']);
  });

  it('whose id cannot be read is not used', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, '.picchanged.json'), 'mine\n');
    await expect(StoreMarker.open(directory)).rejects.toMatchObject({
      code: 'STORE',
      hint: expect.stringContaining('remove that file') as string,
    });
  });

  it('is the same after its marker was written again with the same id', async () => {
    const directory = temporaryDirectory();
    const marker = await StoreMarker.open(directory);
    writeFileSync(join(directory, '.picchanged.json'), JSON.stringify({ id: marker.id, note: 1 }));
    await marker.check();
    writeFileSync(join(directory, '.picchanged.json'), JSON.stringify({ id: '0'.repeat(32) }));
    await expect(marker.check()).rejects.toMatchObject({ code: 'STORE' });
  });
});
