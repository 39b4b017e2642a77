import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../support/temporary.js';
import { type Sequence, readSequence } from './sequence.js';
import { type StoreCells, openStoredCells } from './stored-cells.js';

const names = ['f00205.jpg', 'f00209.jpg', 'f00213.jpg'];

/** Three frames, the last of them cut, and where their cells are stored. */
function givenFrames() {
  const folder = temporaryDirectory();
  for (const name of names) copyFileSync(join('test/fixtures/visit', name), join(folder, name));
  truncateSync(join(folder, names[2]!), 9000);
  writeFileSync(
    join(folder, 'labels.csv'),
    ['frame,label', ...names.map((name) => `${name},0`)].join('\n'),
  );
  const directory = join(temporaryDirectory(), 'cells');
  const read = (): Promise<Sequence> => readSequence(folder, 5);
  return { folder, directory, read };
}

/** Stores cells, or reads what is stored, and counts the frames that are decoded for it. */
function storeAndCount(storeCells: StoreCells, sequence: Sequence) {
  let count = 0;
  const small = (index: number) => {
    count += 1;
    return sequence.small(index);
  };
  const stored = storeCells(sequence, { ...sequence, small }, 'as it is');
  return { stored, count: () => count };
}

describe('stored cells', () => {
  it('are those of the frames, and are read without decoding these again', async () => {
    const { directory, read } = givenFrames();
    const sequence = await read();
    storeAndCount(await openStoredCells(directory), sequence);
    const { stored, count } = storeAndCount(await openStoredCells(directory), await read());
    expect(count()).toBe(0);
    for (const index of [0, 1]) expect(stored.small(index)).toEqual(sequence.small(index));
    expect(count()).toBe(0);
  });

  it('say of a damaged frame what the frame says', async () => {
    const { directory, read } = givenFrames();
    const sequence = await read();
    const stored = (await openStoredCells(directory))(sequence, sequence, 'as it is');
    let message = '';
    try {
      sequence.small(2);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).not.toBe('');
    expect(() => stored.small(2)).toThrow(message);
  });

  it('are made anew when a frame or a label differs, or their file is cut', async () => {
    const { folder, directory, read } = givenFrames();
    const storeCells = await openStoredCells(directory);
    storeAndCount(storeCells, await read());
    copyFileSync(join(folder, names[0]!), join(folder, names[1]!));
    expect(storeAndCount(storeCells, await read()).count()).toBe(3);
    const labels = join(folder, 'labels.csv');
    writeFileSync(labels, readFileSync(labels, 'utf8').replace(',0', ',1'));
    expect(storeAndCount(storeCells, await read()).count()).toBe(3);
    expect(storeAndCount(storeCells, await read()).count()).toBe(0);
    const [code] = readdirSync(directory);
    for (const file of readdirSync(join(directory, code!))) {
      truncateSync(join(directory, code!, file), 100);
    }
    expect(storeAndCount(storeCells, await read()).count()).toBe(3);
  });

  it('of other code are removed', async () => {
    const { directory } = givenFrames();
    mkdirSync(join(directory, 'of-other-code'), { recursive: true });
    await openStoredCells(directory);
    expect(readdirSync(directory)).toHaveLength(1);
    expect(readdirSync(directory)).not.toContain('of-other-code');
  });
});
