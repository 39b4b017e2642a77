/** The tutorial's `cat x.jpg | socat - TCP:host:4444`, with real socat and the real receiver. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, unfinishedBelow } from '../support/files.js';
import { makeJpeg } from '../support/pictures.js';
import { missing, sendWithSocat, startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const noSocat = missing('socat', 'socat');

describe('a picture piped through socat', () => {
  it('is stored byte for byte under its sender’s address', async (test) => {
    test.skip(noSocat !== undefined, noSocat);
    const directory = temporaryDirectory();
    const { address } = await startReceiverProgram(directory);
    expect(await sendWithSocat(makeJpeg(1), address)).toBe('');
    const [name = ''] = filesBelow(directory);
    expect(name).toMatch(/^raw-127-0-0-1\//);
    expect(readFileSync(join(directory, name))).toEqual(makeJpeg(1));
  });

  it('ten times at once is stored as ten files', async (test) => {
    test.skip(noSocat !== undefined, noSocat);
    const directory = temporaryDirectory();
    const { address } = await startReceiverProgram(directory);
    await Promise.all(Array.from({ length: 10 }, () => sendWithSocat(makeJpeg(1), address)));
    const names = filesBelow(directory);
    expect(names).toHaveLength(10);
    for (const name of names) expect(readFileSync(join(directory, name))).toEqual(makeJpeg(1));
  });

  it('gets a reason back when it is not a JPEG', async (test) => {
    test.skip(noSocat !== undefined, noSocat);
    const directory = temporaryDirectory();
    const { address } = await startReceiverProgram(directory);
    expect(await sendWithSocat(Buffer.from('hello\n'), address)).toContain('picchanged receiver');
    expect(await sendWithSocat(makeJpeg(1).subarray(0, 99), address)).toContain('not whole');
    expect([...filesBelow(directory), ...unfinishedBelow(directory)]).toEqual([]);
  });
});
