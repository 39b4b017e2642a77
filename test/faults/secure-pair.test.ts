/** What the agent says of acknowledgements is read, and held against the files. */
import { describe, expect, it } from 'vitest';
import { acknowledgedFiles, readDelivered } from './secure-pair.js';

const line =
  '2026-11-22T17:00:00.000Z debug agent: delivered sequence=7 name=yard/2026_11_22/a+0000.jpg duplicate=false';
const captures = {
  stored: [{ name: 'yard/2026_11_22/a+0000.jpg', sha256: 'a', damage: undefined }],
  gaps: [],
  reports: [],
  recorded: [],
  unfinished: [],
  unexpected: [],
};

describe('an acknowledgement', () => {
  it('is read from a line of the log, and from no other', () => {
    const delivered = { sequence: '7', name: 'yard/2026_11_22/a+0000.jpg' };
    expect(readDelivered(line)).toEqual(delivered);
    expect(readDelivered('agent: cannot deliver to 127.0.0.1:1; frames wait')).toBeUndefined();
  });

  it('stands for the file that it names, or for a name that is no file', () => {
    const name = 'yard/2026_11_22/a+0000.jpg';
    const delivered = [
      { sequence: '7', name },
      { sequence: '8', name: 'yard/gone.jpg' },
    ];
    expect([...acknowledgedFiles(delivered, captures).values()]).toEqual(['a', 'yard/gone.jpg']);
  });
});
