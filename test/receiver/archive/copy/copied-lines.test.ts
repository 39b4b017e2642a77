/** Which lines of a record a copy takes. */
import { describe, expect, it } from 'vitest';
import { framesIn, linesToCopy } from '../../../../receiver/archive/copy/copied-lines.js';
import { frameLine } from '../../../../receiver/store/record-line.js';
import { noteLine } from '../../../../receiver/store/store-note.js';
import { epoch, frameOf, nameOf } from '../../store/given.js';

const fileOf = (sequence: number): string => nameOf(sequence).split('/')[2] ?? '';
const lineOf = (sequence: number): string => {
  const frame = frameOf(sequence);
  return frameLine({ ...frame, name: fileOf(sequence), byteCount: 10, size: undefined });
};
const deletedOf = (...sequences: number[]): string =>
  noteLine({
    ...{ kind: 'deleted', camera: 'yard', atMs: 5, why: 'max-age' },
    ...{ names: sequences.map(fileOf), byteCount: 10 * sequences.length },
  });
const summary = noteLine({
  ...{ kind: 'summary', camera: 'yard', atMs: 6, fromMs: 0, toMs: 9, why: 'deleted', frames: 1 },
  ...{
    byteCount: 1,
    gaps: 0,
    reports: 0,
    entries: [[epoch, [[1, 1]]]].map(() => ({ epoch, ranges: [[1, 1]] as const })),
  },
});
const copyOf = (source: string, target = '', kept: [string, number][] = []): string =>
  linesToCopy({
    ...{ source: Buffer.from(source), target: Buffer.from(target), kept: new Map(kept) },
  }).toString();

describe('the lines of a record', () => {
  it('are all copied where there are none, the same bytes', () => {
    const source = `${lineOf(1)}\nwhat is this: é\n${deletedOf(2)}${summary}${lineOf(1)}`;
    expect(copyOf(source)).toBe(source);
  });

  it('that are there are not copied again', () => {
    const source = `${lineOf(1)}${lineOf(2)}`;
    expect(copyOf(source, lineOf(1))).toBe(lineOf(2));
    expect(copyOf(source, source)).toBe('');
  });

  it('about deleted frames are left out, when the target has these frames', () => {
    const source = `${lineOf(1)}${deletedOf(1, 2)}`;
    const target = `${lineOf(1)}${lineOf(2)}`;
    expect(
      copyOf(source, target, [
        [fileOf(1), 10],
        [fileOf(2), 10],
      ]),
    ).toBe('');
    expect(copyOf(source, target, [[fileOf(1), 10]])).toBe(deletedOf(2));
    expect(copyOf(source, target + deletedOf(2), [[fileOf(1), 10]])).toBe('');
    expect(copyOf(source, '', [[fileOf(1), 10]])).toBe(`${lineOf(1)}${deletedOf(2)}`);
  });

  it('of a summary are left out, when the target has what it stands for', () => {
    const source = `${summary}${lineOf(2)}`;
    expect(copyOf(source, lineOf(1))).toBe(lineOf(2));
    expect(copyOf(source, summary)).toBe(lineOf(2));
    expect(copyOf(source, lineOf(3))).toBe(source);
    expect(copyOf(source, `${lineOf(3)}${summary}`)).toBe(lineOf(2));
  });

  it('of a summary are copied without those that the target has', () => {
    const entries = [{ epoch, ranges: [[1, 4]] as const }];
    const note = {
      ...({ kind: 'summary', camera: 'yard', why: 'deleted' } as const),
      ...{ atMs: 6, fromMs: 0, toMs: 9 },
      ...{ frames: 3, byteCount: 30, gaps: 1, reports: 0, entries },
    };
    const rest = noteLine({
      ...{ ...note, frames: 1, byteCount: 10 },
      entries: [{ epoch, ranges: [[3, 4]] }],
    });
    const target = `${lineOf(1)}${lineOf(2)}`;
    expect(copyOf(noteLine(note), target)).toBe(rest);
    expect(copyOf(noteLine(note), target + rest)).toBe('');
    expect(copyOf(noteLine(note), `${target}${lineOf(3)}${lineOf(4)}`)).toBe('');
  });

  it('say which frames there are, with hash and id', () => {
    const { frames, deleted } = framesIn(Buffer.from(`${lineOf(1)}${deletedOf(2)}`));
    expect([...frames]).toMatchObject([
      [fileOf(1), { sha256: frameOf(1).sha256, key: `${epoch} 1 2026-11-22T07:30:15.001Z` }],
    ]);
    expect([...deleted]).toEqual([fileOf(2)]);
  });
});
