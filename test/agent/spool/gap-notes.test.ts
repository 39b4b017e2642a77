import { describe, expect, it } from 'vitest';
import { GapNotes } from '../../../agent/spool/gap-notes.js';
import { maxSequenceRanges } from '../../../shared/protocol/protocol-limits.js';
import { readAgentMessage } from '../../../shared/protocol/messages.js';

const gone = (...sequences: number[]) =>
  sequences.map((sequence) => ({ sequence, atMs: sequence }));

describe('notes of frames that are gone', () => {
  it('name their sequences as ranges, and take in more', () => {
    const notes = new GapNotes(() => 60);
    const [first] = notes.noteOf(gone(1, 2, 4), 'size');
    if (first === undefined) return expect.unreachable();
    expect(first.sequence).toBeUndefined();
    expect(first.header).toMatchObject({
      count: 3,
      sequences: [
        [1, 2],
        [4, 4],
      ],
    });
    notes.opened(5, 'size', first.header);
    expect([...notes.noteOf(gone(3, 6), 'size')]).toMatchObject([
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
    expect([...notes.noteOf(gone(6), 'age')]).toMatchObject([{ header: { count: 1 } }]);
    notes.seal(5);
    expect([...notes.noteOf(gone(6), 'size')]).toMatchObject([
      { sequence: undefined, header: { sequences: [[6, 6]] } },
    ]);
  });

  it('begin anew when no more ranges fit, and each fits into a message', () => {
    const odd = Array.from({ length: 2 * maxSequenceRanges + 1 }, (_, index) => 2 * index + 1);
    const all = [...new GapNotes(() => 0).noteOf(gone(...odd), 'size')];
    expect(all.map(({ header }) => header.sequences.length)).toEqual([256, 256, 1]);
    for (const { header } of all) {
      expect(readAgentMessage({ ...header, sequence: 9999 })).toMatchObject({
        count: header.count,
      });
    }
  });
});
