/** The lines that records have grown by. */
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RecordTail, type TailState } from '../../../receiver/notify/record-tail.js';
import { systemClock } from '../../../shared/clock.js';
import { Folder } from '../../../receiver/store/folder.js';
import { temporaryDirectory } from '../../support/temporary.js';

const epoch = 'a'.repeat(32);
const lineOf = (camera: string, captured: number): string =>
  `${JSON.stringify({
    ...{ frame: 1, camera, epoch, sequence: 1, captured, offset: 0, sha256: '0'.repeat(64) },
    ...{ bytes: 10, reason: 'change', event: `e${captured}`, changed: true, strength: 2, delay: 0 },
  })}\n`;

async function stage() {
  const directory = temporaryDirectory();
  const captures = await Folder.open(directory);
  onTestFinished(() => captures.close());
  const path = (camera: string, day: string) => join(directory, camera, day, 'record.jsonl');
  const append = (camera: string, day: string, ...captured: number[]): void => {
    mkdirSync(join(directory, camera, day), { recursive: true });
    for (const each of captured) appendFileSync(path(camera, day), lineOf(camera, each));
  };
  const open = (saved?: TailState) => new RecordTail(saved, systemClock);
  /** What a look finds: capture times; history in brackets. */
  const look = async (tail: RecordTail): Promise<string[]> => {
    const found: string[] = [];
    await tail.look(captures, ({ camera, line, isHistory }) => {
      const at = line.kind === 'frame' ? `${camera} ${line.capturedAtMs}` : line.kind;
      found.push(isHistory ? `[${at}]` : at);
    });
    return found;
  };
  /** Until folders are listed again. */
  const later = async (tail: RecordTail): Promise<string[]> => {
    const found: string[] = [];
    for (let n = 0; n < 5; n += 1) found.push(...(await look(tail)));
    return found;
  };
  return { directory, path, append, open, look, later };
}

describe('the tail of the records', () => {
  it('finds what is appended, in each camera and in a new day', async () => {
    const { append, open, look, later } = await stage();
    append('yard', '2026_11_26', 1);
    append('yard', '2026_11_27', 2);
    const tail = open();
    expect(await look(tail)).toEqual(['[yard 1]', '[yard 2]']);
    expect(await look(tail)).toEqual([]);
    append('yard', '2026_11_27', 3, 4);
    expect(await look(tail)).toEqual(['yard 3', 'yard 4']);
    append('yard', '2026_11_28', 5);
    append('door', '2026_11_28', 6);
    append('door', 'unclocked/2026_11_28', 7);
    expect(await later(tail)).toEqual(['door 7', 'door 6', 'yard 5']);
  });

  it('waits for the end of a line', async () => {
    const { append, open, look, path } = await stage();
    append('yard', '2026_11_27', 1);
    const tail = open();
    await look(tail);
    const line = lineOf('yard', 2);
    appendFileSync(path('yard', '2026_11_27'), line.slice(0, 50));
    expect(await look(tail)).toEqual([]);
    appendFileSync(path('yard', '2026_11_27'), line.slice(50));
    expect(await look(tail)).toEqual(['yard 2']);
  });

  it('goes on where an earlier process ended', async () => {
    const { append, open, look } = await stage();
    append('yard', '2026_11_01', 1);
    append('yard', 'unclocked/2026_11_20', 9);
    append('yard', '2026_11_27', 2);
    const first = open();
    await look(first);
    const saved = JSON.parse(JSON.stringify(first.state)) as TailState;
    append('yard', '2026_11_27', 3);
    append('yard', '2026_11_28', 4);
    append('door', '2026_11_28', 5);
    const next = open(saved);
    expect(await look(next)).toEqual(['door 5', 'yard 3', 'yard 4']);
    expect(await look(next)).toEqual([]);
  });

  it('finds nothing new in a record that was replaced, or whose day is gone', async () => {
    const { append, open, look, path, later, directory } = await stage();
    append('yard', '2026_11_26', 1, 2);
    append('yard', '2026_11_27', 3);
    const tail = open();
    await look(tail);
    writeFileSync(`${path('yard', '2026_11_26')}.new`, lineOf('yard', 2));
    renameSync(`${path('yard', '2026_11_26')}.new`, path('yard', '2026_11_26'));
    expect(await look(tail)).toEqual(['[yard 2]']);
    rmSync(join(directory, 'yard', '2026_11_26'), { recursive: true });
    expect(await later(tail)).toEqual([]);
    expect(Object.keys(tail.state)).toEqual(['yard/2026_11_27']);
  });

  it('takes no line of another camera', async () => {
    const { append, open, look, path } = await stage();
    append('yard', '2026_11_27', 1);
    const tail = open();
    await look(tail);
    appendFileSync(path('yard', '2026_11_27'), lineOf('door', 2));
    expect(await look(tail)).toEqual([]);
  });
});
