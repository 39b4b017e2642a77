/** The id of the captures directory. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Folder } from '../../../receiver/store/folder.js';
import { StoreMarker } from '../../../receiver/store/store-marker.js';
import { temporaryDirectory } from '../../support/temporary.js';

async function opened(directory = temporaryDirectory()) {
  const root = await Folder.open(directory);
  onTestFinished(() => root.close());
  return { directory, root };
}

describe('a captures directory', () => {
  it('gets an id once', async () => {
    const { directory, root } = await opened();
    const { id } = await StoreMarker.open(root);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect((await StoreMarker.open(root)).id).toBe(id);
    const text = readFileSync(join(directory, '.picchanged.json'), 'utf8');
    expect(JSON.parse(text)).toEqual({ id });
  });

  it('gets one id when several stores make it at once', async () => {
    const { directory, root } = await opened();
    const markers = await Promise.all(Array.from({ length: 10 }, () => StoreMarker.open(root)));
    expect(new Set(markers.map(({ id }) => id)).size).toBe(1);
    expect(readdirSync(directory)).toEqual(['.picchanged.json']);
  });

  it('whose id cannot be read is not used', async () => {
    const { directory, root } = await opened();
    writeFileSync(join(directory, '.picchanged.json'), 'mine\n');
    await expect(StoreMarker.open(root)).rejects.toMatchObject({
      code: 'STORE',
      hint: expect.stringContaining('remove that file') as string,
    });
  });

  it('stays valid after its marker was rewritten with the same id', async () => {
    const { directory, root } = await opened();
    const marker = await StoreMarker.open(root);
    writeFileSync(join(directory, '.picchanged.json'), JSON.stringify({ id: marker.id, note: 1 }));
    await marker.check(root);
    writeFileSync(join(directory, '.picchanged.json'), JSON.stringify({ id: '0'.repeat(32) }));
    await expect(marker.check(root)).rejects.toMatchObject({ code: 'STORE' });
  });
});
