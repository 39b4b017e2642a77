/** What the page of a replay gets: figures of each frame, limited pictures, in a file that runs no foreign script. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pageFlags } from '../../../../agent/replay/html/page-flags.js';
import type { PageData, PageSequence } from '../../../../agent/replay/html/page-data.js';
import { runsOf } from '../../../../agent/replay/html/runs.js';
import { SequencePage } from '../../../../agent/replay/html/sequence-page.js';
import { Thinned } from '../../../../agent/replay/html/thinned.js';
import { checkPagePath, writePage } from '../../../../agent/replay/html/write-page.js';
import { type Outcome, Trial } from '../../../../agent/replay/trial.js';
import { decodeSmall } from '../../../../agent/detect/decode.js';
import { temporaryDirectory } from '../../../support/temporary.js';
import { visitFrames } from '../../detect/pictures.js';

const settings = {
  ...{ sensitivity: 0.5, minArea: 0.002, absorbMs: 20_000, mask: undefined },
  ...{ eventGapMs: 10_000, minDurationMs: 0, before: 2, after: 0, keepEveryMs: 0 },
};

/** Replays JPEGs, one a second; undefined is a damaged one. */
function collect(jpegs: readonly (Buffer | undefined)[], maxPictures: number): PageSequence {
  const trial = new Trial(settings);
  const page = new SequencePage('yard', maxPictures);
  const report = (outcomes: readonly Outcome[]) => {
    for (const outcome of outcomes) page.decided(outcome);
  };
  jpegs.forEach((jpeg, index) => {
    const outcome = { name: `${index}.jpg`, capturedAtMs: 1000 * index, ms: 1 };
    if (jpeg === undefined) trial.pass({ ...outcome, error: 'it is damaged' });
    else {
      const picture = decodeSmall(jpeg);
      const detection = trial.take(outcome, picture, jpeg.length);
      page.analysed({ ...outcome, jpeg, picture, detection }, trial.lastCellMap);
    }
    report(trial.decided());
  });
  report(trial.finish());
  return page.end('all frames', false);
}

const visit = visitFrames.map(({ jpeg }) => jpeg);

describe('the page of a sequence', () => {
  it('has the rule and the reason of each frame, those decided late and the skipped ones too', () => {
    const { frames, events, pictures } = collect(
      [...visit.slice(0, 3), undefined, ...visit.slice(3, 9)],
      100,
    );
    expect(frames.rule).toEqual([
      ...['first', 'still', 'still', 'skipped', 'still', 'still', 'still'],
      ...['change', 'change', 'change'],
    ]);
    expect(frames.reason).toEqual([
      ...['first', '', '', '', '', 'before', 'before', 'change', 'change', 'change'],
    ]);
    expect(frames.error).toEqual({ 3: 'it is damaged' });
    expect(events).toEqual([[7, 9]]);
    expect(frames.event.slice(5)).toEqual([0, 0, 0, 0, 0]);
    expect(frames.area[7]).toBeGreaterThan(frames.neededArea[7] ?? 1);
    expect(pictures.map(({ frame }) => frame)).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9]);
    // A person is many runs of cells; an empty room has none.
    expect(pictures[7]?.cells.length).toBeGreaterThan(30);
    expect(pictures[1]?.cells).toEqual([]);
  });

  it('has a limited number of small pictures, evenly of quiet frames, and those of first changes', () => {
    const quiet = [...visit.slice(0, 5), ...visit.slice(0, 5)];
    const round = [...quiet, ...quiet, ...visit.slice(6, 10)];
    const jpegs = Array.from({ length: 4 }, () => round).flat();
    const { frames, pictures, quietStep } = collect(jpegs, 40);
    expect(frames.name).toHaveLength(96);
    expect(pictures.length).toBeLessThanOrEqual(40);
    expect(quietStep).toBeGreaterThanOrEqual(8);
    const firstChange = frames.rule.indexOf('change');
    expect(pictures.map(({ frame }) => frame)).toContain(firstChange);
    for (const { jpeg } of pictures) expect(jpeg.length).toBeLessThan(10_000);
  });

  it('counts where changes were', () => {
    const { grids } = collect(visit, 10);
    expect(grids).toHaveLength(1);
    expect(grids[0]?.mostChanges).toBeGreaterThanOrEqual(8);
    const shares = Buffer.from(grids[0]?.changes ?? '', 'base64');
    expect(shares).toHaveLength(96 * 54);
    expect(Math.max(...shares)).toBe(255);
  });
});

describe('a thinned list', () => {
  it('covers a long series evenly, within its limit', () => {
    const list = new Thinned<number>(10);
    for (let i = 0; i < 1000; i++) list.offer(() => i);
    expect(list.entries.length).toBeLessThanOrEqual(10);
    expect(list.entries).toEqual(list.entries.map((_, index) => index * list.step));
    expect(list.entries.at(-1)).toBeGreaterThan(800);
  });
});

it('runs are starts, lengths and labels', () => {
  expect(runsOf(Uint8Array.of(0, 1, 1, 2, 0, 3))).toEqual([1, 2, 1, 3, 1, 2, 5, 1, 3]);
  expect(runsOf(new Uint8Array(9))).toEqual([]);
});

it('flags are as they would be typed, those that differ from the default first', () => {
  const values = { sensitivity: 0.5, minArea: 0.0005, absorb: 20_000, eventGap: 10_000 };
  const others = { minDuration: 0, before: 1, after: 0, keepEvery: 0, mask: 'mask.png' };
  const flags = pageFlags({ ...values, ...others });
  expect(flags.filter(({ isDefault }) => !isDefault).map(({ text }) => text)).toEqual([
    '--mask mask.png',
    '--min-area 0.05%',
  ]);
  expect(flags).toContainEqual({ text: '--absorb 20s', isDefault: true });
});

describe('the file of the page', () => {
  const data: PageData = {
    ...{ version: '1', flags: [], sensitivity: 0.5, isPartial: false },
    sequences: [{ ...collect([], 1), folder: '</script><script>alert(1)</script>' }],
  };
  const assets = () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'page.js'), 'start()');
    writeFileSync(join(folder, 'page.css'), 'p{}');
    return folder;
  };

  it('lets only its own script run, and has no end tag in its data', async () => {
    const folder = temporaryDirectory();
    await writePage(join(folder, 'page.html'), data, assets());
    expect(readdirSync(folder)).toEqual(['page.html']);
    const text = readFileSync(join(folder, 'page.html'), 'utf8');
    const hash = createHash('sha256').update('start()').digest('base64');
    expect(text).toContain(`default-src 'none'; img-src data:; script-src 'sha256-${hash}'`);
    expect(text.match(/<\/script>/g)).toHaveLength(2);
    expect(text).not.toContain('unsafe');
  });

  it('is refused before the replay where it cannot be written', async () => {
    const folder = temporaryDirectory();
    mkdirSync(join(folder, 'taken'));
    await expect(checkPagePath(join(folder, 'taken'))).rejects.toThrow(/--html .*taken/);
    await expect(checkPagePath(join(folder, 'none', 'page.html'))).rejects.toThrow(/--html/);
    await expect(checkPagePath(join(folder, 'page.html'))).resolves.toBeUndefined();
  });

  it('says what to do when its script is not built', async () => {
    const path = join(temporaryDirectory(), 'page.html');
    const failure = writePage(path, data, '/nowhere');
    await expect(failure).rejects.toThrow('cannot read the script of the page in /nowhere');
  });
});
