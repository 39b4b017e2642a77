/** The audit reports each kind of broken promise. */
import { describe, expect, it } from 'vitest';
import { type Books, audit } from './audit.js';

const file = (sha256: string, name = `${sha256}.jpg`) => ({ name, sha256, damage: undefined });
const tally = (...items: string[]) => new Map(items.map((item) => [item, 1]));

const both = (...names: string[]) => ({
  recorded: names.map((name, index) => ({ id: `e ${index + 1}`, name })),
});

/** Three frames: one stored, one waiting, one refused for good. */
const books: Books = {
  put: tally('a', 'b', 'c', 'never declared'),
  declared: tally('a', 'b', 'c'),
  acknowledged: new Map([['e 1', 'a']]),
  captures: {
    stored: [file('a')],
    gaps: [],
    reports: [],
    recorded: [{ id: 'e 1', name: 'a.jpg' }],
    unfinished: [],
    unexpected: [],
  },
  spool: {
    waiting: [{ id: 'e 2', sha256: 'b' }],
    rejected: [{ id: 'e 3', sha256: 'c' }],
    gaps: [],
    reports: [],
    unfinished: [],
  },
  overheard: new Map(),
  kills: 0,
  diskFaults: 0,
  mayOmitSequences: false,
};
const { captures, spool } = books;

describe('an audit', () => {
  it('reports nothing when every promise is kept', () => {
    expect(audit(books)).toEqual([]);
  });

  const gap = (sequences?: [number, number][], count = 1) => ({
    ...{ id: 'e 4', epoch: 'e', count, why: 'size' },
    sequences,
  });
  const gone = { ...books, spool: { ...spool, waiting: [] } };

  it('accepts missing frames that are in a gap entry of either side', () => {
    const told = { ...captures, gaps: [gap([[2, 2]])] };
    expect(audit({ ...gone, captures: told })).toEqual([]);
    expect(audit({ ...gone, spool: { ...gone.spool, gaps: [gap([[2, 2]])] } })).toEqual([]);
    const overheard = new Map([['e 4', gap([[2, 2]])]]);
    expect(audit({ ...gone, captures: { ...captures, gaps: [gap()] }, overheard })).toEqual([]);
  });

  it.each([
    ['that names nothing', gap(), /1 declared and[^]*1 notes that name no sequences/],
    ['that counts more than it names', gap([[2, 2]], 9), /whose count is not that/],
    ['that names what is set aside', gap([[3, 3]]), /1 declared and[^]*counted as gone and there/],
    ['that names what is stored', gap([[1, 1]]), /1 declared and/],
  ])('reports a gap entry %s', (_, note, words) => {
    expect(audit({ ...gone, captures: { ...captures, gaps: [note] } }).join()).toMatch(words);
  });

  it('accepts the count of a gap of 0.1, which has no sequences', () => {
    const withGap = { ...captures, gaps: [gap()] };
    expect(audit({ ...gone, captures: withGap, mayOmitSequences: true })).toEqual([]);
  });

  it('reports two gap entries with one frame, and a sequence that is nowhere', () => {
    const both = [gap([[2, 2]]), { ...gap([[2, 2]]), id: 'e 6' }];
    expect(audit({ ...gone, captures: { ...captures, gaps: both } })).toEqual([
      expect.stringContaining('by two notes'),
      expect.stringContaining('1 sequences in no book: e 5'),
    ]);
  });

  const report = (sequence: number, fromMs: number, toMs: number, more = {}) => ({
    ...{ id: `e ${sequence}`, epoch: 'e', sequence, fromMs, toMs, hasStep: false, ended: [] },
    ...more,
  });

  it('accepts reports one after the other, also the same one on both sides', () => {
    const reports = [report(4, 0, 10), report(5, 10, 20), report(6, 5, 8, { hasStep: true })];
    const both = {
      captures: { ...captures, reports },
      spool: { ...spool, reports: [reports[1]!] },
    };
    expect(audit({ ...books, ...both })).toEqual([]);
  });

  it.each([
    ['two contents', [report(4, 0, 10), report(4, 0, 11)], /one number and two contents: e 4/],
    ['the number of a frame', [report(2, 0, 10)], /of a report and of another entry: e 2/],
    ['a time twice', [report(4, 0, 10), report(5, 9, 20)], /two reports state: e 4 and e 5/],
    [
      'two ends of an event',
      [report(4, 0, 10, { ended: ['x'] }), report(5, 10, 20, { ended: ['x'] })],
      /events that ended twice: x/,
    ],
  ])('reports %s', (_, reports, words) => {
    expect(audit({ ...books, captures: { ...captures, reports } }).join()).toMatch(words);
  });

  it('counts a picture that was put twice as two frames', () => {
    const twice = { put: new Map([['a', 2]]), declared: new Map([['a', 2]]) };
    const recorded = [...captures.recorded, { id: 'e 2', name: 'a-2.jpg' }];
    const stored = { ...captures, stored: [file('a'), file('a', 'a-2.jpg')], recorded };
    expect(audit({ ...books, ...twice, captures: stored })).toEqual([]);
    expect(audit({ ...books, ...twice })).toEqual([expect.stringMatching(/^1 declared and/)]);
  });

  it.each<[string, Partial<Books>]>([
    ['1 declared and neither stored', { declared: tally('a', 'b', 'c', 'd') }],
    ['1 acknowledged and not stored', { acknowledged: acknowledgedWith('b') }],
    [
      '1 under a final name and no frame',
      { captures: { ...captures, ...both('a.jpg', 'x.jpg'), stored: [file('a'), file('x')] } },
    ],
    [
      '2 stored more often',
      {
        captures: {
          ...captures,
          ...both('a.jpg', 'b.jpg'),
          stored: [file('a'), file('a', 'b.jpg')],
        },
      },
    ],
    [
      '1 recorded under two names',
      { captures: { ...captures, recorded: [...captures.recorded, { id: 'e 1', name: 'b.jpg' }] } },
    ],
    ['1 stored and not recorded', { captures: { ...captures, recorded: [] } }],
    ['1 files that nobody', { captures: { ...captures, unexpected: ['x'] } }],
    ['1 unfinished files beyond', { captures: { ...captures, unfinished: ['x.part'] } }],
    ['1 unfinished files in the spool', { spool: { ...spool, unfinished: ['x.part'] } }],
  ])('reports: %s', (words, wrong) => {
    expect(audit({ ...books, ...wrong })).toContainEqual(expect.stringContaining(words));
  });
});

function acknowledgedWith(sha256: string): Map<string, string> {
  return new Map([
    ['e 1', 'a'],
    ['e 2', sha256],
  ]);
}
