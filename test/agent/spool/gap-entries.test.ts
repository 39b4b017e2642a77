import { describe, expect, it } from 'vitest';
import { GapEntries } from '../../../agent/spool/gap-entries.js';
import { maxSequenceRanges } from '../../../shared/protocol/protocol-limits.js';
import { readAgentMessage } from '../../../shared/protocol/messages.js';

const dropped = (...sequences: number[]) =>
  sequences.map((sequence) => ({ sequence, atMs: sequence }));

describe('GapEntries', () => {
  it('counts sequences as ranges, and grows an open entry', () => {
    const gaps = new GapEntries(() => 60);
    const [first] = gaps.entriesFor(dropped(1, 2, 4), 'size');
    if (first === undefined) return expect.unreachable();
    expect(first.sequence).toBeUndefined();
    expect(first.header).toMatchObject({
      count: 3,
      sequences: [
        [1, 2],
        [4, 4],
      ],
    });
    gaps.written(5, 'size', first.header);
    expect([...gaps.entriesFor(dropped(3, 6), 'size')]).toMatchObject([
      {
        sequence: 5,
        header: {
          count: 5,
          sequences: [
            [1, 4],
            [6, 6],
          ],
          lastCapturedAtMs: 6,
        },
      },
    ]);
    expect([...gaps.entriesFor(dropped(6), 'age')]).toMatchObject([{ header: { count: 1 } }]);
    gaps.seal(5);
    expect([...gaps.entriesFor(dropped(6), 'size')]).toMatchObject([
      { sequence: undefined, header: { sequences: [[6, 6]] } },
    ]);
  });

  it('starts a new entry when no more ranges fit, and each entry fits into a message', () => {
    const odd = Array.from({ length: 2 * maxSequenceRanges + 1 }, (_, index) => 2 * index + 1);
    const all = [...new GapEntries(() => 0).entriesFor(dropped(...odd), 'size')];
    expect(all.map(({ header }) => header.sequences.length)).toEqual([256, 256, 1]);
    for (const { header } of all) {
      expect(readAgentMessage({ ...header, sequence: 9999 })).toMatchObject({
        count: header.count,
      });
    }
  });
});
