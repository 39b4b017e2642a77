/** The audit finds each way in which the books can be wrong. */
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
    droppedCount: 0,
    recorded: [{ id: 'e 1', name: 'a.jpg' }],
    unfinished: [],
    unexpected: [],
  },
  spool: { waiting: ['b'], rejected: ['c'], droppedNotes: 0, unfinished: [] },
  kills: 0,
};
const { captures, spool } = books;

describe('an audit', () => {
  it('finds nothing wrong where every promise is kept', () => {
    expect(audit(books)).toEqual([]);
  });

  it('lets frames be missing that were counted as dropped', () => {
    const gone = { ...books, spool: { ...spool, waiting: [] } };
    expect(audit({ ...gone, captures: { ...captures, droppedCount: 1 } })).toEqual([]);
  });

  it('takes the same picture put twice for two frames', () => {
    const twice = { put: new Map([['a', 2]]), declared: new Map([['a', 2]]) };
    const recorded = [...captures.recorded, { id: 'e 2', name: 'a-2.jpg' }];
    const stored = { ...captures, stored: [file('a'), file('a', 'a-2.jpg')], recorded };
    expect(audit({ ...books, ...twice, captures: stored })).toEqual([]);
    expect(audit({ ...books, ...twice })).toEqual([expect.stringMatching(/^1 declared and/)]);
  });

  it.each<[string, Partial<Books>]>([
    ['1 declared and neither stored', { spool: { ...spool, waiting: [] } }],
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
  ])('says: %s', (words, wrong) => {
    expect(audit({ ...books, ...wrong })).toEqual([expect.stringContaining(words)]);
  });
});

function acknowledgedWith(sha256: string): Map<string, string> {
  return new Map([
    ['e 1', 'a'],
    ['e 2', sha256],
  ]);
}
