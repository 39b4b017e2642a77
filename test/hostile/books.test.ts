/** The rules by which hostile sessions are judged are shown to find each breach, and to find nothing else. */
import { describe, expect, it } from 'vitest';
import { type Books, checkBooks, idleLocks, strayFiles, unfinishedFiles } from './books.js';
import type { Sent } from './ledger.js';

const minuteMs = 60_000;
const own = { name: 'front/2026_11_22/a.jpg', sha256: 'own' };
const clear = (folder: string, atMs = 0): Sent => ({
  ...{ folder, atMs },
  sha256: 'theirs',
  holder: undefined,
});

function check(changes: Partial<Books>): string[] {
  const moments = { honestIsSecureAtMs: undefined, closedAtMs: undefined, unpairing: undefined };
  const sound = { stored: [own], acknowledged: ['own'], sent: [], moments, paired: [] };
  return checkBooks({ ...sound, ...changes });
}

/** One picture of theirs, in a folder. */
const theirs = (folder: string) => [own, { name: `${folder}/2026_11_22/b.jpg`, sha256: 'theirs' }];
const moments = { honestIsSecureAtMs: 5, closedAtMs: undefined, unpairing: undefined };

describe('the books', () => {
  it.each<[string, Partial<Books>]>([
    ['the honest frame alone', {}],
    ['a stranger’s frame under a free name', { stored: theirs('cam-1'), sent: [clear('cam-1')] }],
    [
      'a stranger’s frame under the honest name, before it was paired',
      { stored: theirs('front'), sent: [clear('front', 4)], moments },
    ],
    [
      'a paired camera’s own frame',
      { stored: theirs('shed'), sent: [{ ...clear('shed'), holder: 'shed' }], paired: ['shed'] },
    ],
  ])('hold nothing against %s', (_, changes) => {
    expect(check(changes)).toEqual([]);
  });

  it.each<[string, Partial<Books>]>([
    ['a frame that is lost', { stored: [] }],
    ['a frame that is stored twice', { stored: [own, { ...own, name: 'front/x/a-2.jpg' }] }],
    ['a frame in another folder', { stored: [{ ...own, name: 'shed/2026_11_22/a.jpg' }] }],
    ['a picture that nobody sent', { stored: theirs('cam-1') }],
    ['a picture under a name that none may have', { stored: theirs('Up'), sent: [clear('Up')] }],
    ['a picture under another name', { stored: theirs('cam-1'), sent: [clear('cam-2')] }],
    [
      'a stranger’s frame under a paired name',
      { stored: theirs('shed'), sent: [clear('shed')], paired: ['shed'] },
    ],
    [
      'a stranger’s frame under the honest name, once it was paired',
      { stored: theirs('front'), sent: [clear('front', 6)], moments },
    ],
    [
      'a frame that came with another camera’s key',
      { stored: theirs('front'), sent: [{ ...clear('front'), holder: 'shed' }] },
    ],
    [
      'a stranger’s frame long after the receiver was closed',
      {
        ...{ stored: theirs('cam-1'), sent: [clear('cam-1', minuteMs)] },
        moments: { ...moments, closedAtMs: 1 },
      },
    ],
    [
      'an unpaired camera’s frame',
      {
        ...{ stored: theirs('shed'), sent: [{ ...clear('shed', minuteMs), holder: 'shed' }] },
        moments: { ...moments, unpairing: { fromMs: 1, toMs: 2 } },
      },
    ],
  ])('find %s', (_, changes) => {
    expect(check(changes)).toHaveLength(1);
  });
});

describe('the files of a house', () => {
  const files = [
    ...['captures/front/2026_11_22/a.jpg', 'captures/.locks/front', 'captures/.locks/new-1'],
    ...['captures/front/.incoming/b.part', 'keys/front.json', 'cwd/out/c.jpg'],
  ];

  it('are found where they should not be', () => {
    expect(strayFiles(files)).toEqual(['cwd/out/c.jpg']);
    expect(unfinishedFiles(files)).toEqual(['captures/front/.incoming/b.part']);
    expect(idleLocks(files)).toEqual(['captures/.locks/new-1']);
  });
});
