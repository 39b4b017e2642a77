import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findSequences } from '../../../agent/replay/frame-files.js';
import { UsageError } from '../../../shared/cli/errors.js';
import { temporaryDirectory } from '../../support/temporary.js';

function folderWith(...names: string[]): string {
  const folder = temporaryDirectory();
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), '');
  }
  return folder;
}

/** The sequences, with paths relative to the folder. */
async function find(folder: string, ...names: string[]) {
  const sequences = await findSequences(names.map((name) => join(folder, name)));
  const relative = (path: string) => path.slice(folder.length + 1);
  return sequences.map((sequence) => [relative(sequence.folder), sequence.paths.map(relative)]);
}

describe('stored frames', () => {
  it('are the JPEGs of a folder in numeric order', async () => {
    const folder = folderWith(
      'f10.jpg',
      'f9.jpg',
      'f2.JPEG',
      'labels.csv',
      'record.jsonl',
      '.f1.jpg',
    );
    expect(await find(folder, '')).toEqual([['', ['f2.JPEG', 'f9.jpg', 'f10.jpg']]]);
  });

  it("of a camera's days are one sequence in the order of capture, at any UTC offset", async () => {
    const names = [
      'door/2026_10_25/2026_10_25_02_59_00_000+0200.jpg',
      'door/2026_10_25/2026_10_25_02_10_00_000+0100.jpg',
      'door/2026_10_25/2026_10_25_02_10_00_000+0100-2.jpg',
      'door/2026_10_26/2026_10_26_00_00_00_000+0100.jpg',
    ];
    const folder = folderWith(...[...names].reverse(), 'door/.incoming/x.jpg');
    expect(await find(folder, 'door')).toEqual([['door', names]]);
  });

  it('of several cameras are separate sequences', async () => {
    const folder = folderWith(
      'yard/2026_10_25/a.jpg',
      'door/2026_10_25/b.jpg',
      'door/unclocked/c.jpg',
    );
    expect(await find(folder, '')).toEqual([
      ['door', ['door/2026_10_25/b.jpg']],
      ['door/unclocked', ['door/unclocked/c.jpg']],
      ['yard', ['yard/2026_10_25/a.jpg']],
    ]);
  });

  it('are also given files without a JPEG name, each once', async () => {
    const folder = folderWith('b.jpg', 'a.picture');
    expect(await find(folder, 'b.jpg', 'a.picture', 'b.jpg')).toEqual([
      ['', ['a.picture', 'b.jpg']],
    ]);
  });

  it('are not searched through links to folders', async () => {
    const folder = folderWith('a.jpg');
    symlinkSync(folder, join(folder, 'again'));
    symlinkSync(join(folder, 'a.jpg'), join(folder, 'b.jpg'));
    expect(await find(folder, '')).toEqual([['', ['a.jpg', 'b.jpg']]]);
  });

  it('that do not exist are a usage error', async () => {
    await expect(findSequences(['/nowhere'])).rejects.toThrow(UsageError);
    await expect(findSequences([folderWith('a.txt')])).rejects.toThrow(/no JPEG found in/);
  });
});
