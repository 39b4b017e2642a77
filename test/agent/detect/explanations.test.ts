/** Which frames `--explain` draws, into which files, and that a slow or full disk never stops the capture. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { DrawingQueue } from '../../../agent/detect/drawing-queue.js';
import {
  type Drawing,
  type ExplanationSettings,
  Explanations,
} from '../../../agent/detect/explanations.js';
import type { SmallPicture } from '../../../agent/detect/grid.js';
import { keptLog } from '../../support/log.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { withVisitor, yard } from './pictures.js';
import { type Watch, watching } from './watch.js';

/** Too small for a change, and large enough for a near miss. */
const small = withVisitor(yard(), [30, 20, 3, 2]);
const visitor = withVisitor(yard(), [30, 20, 6, 12]);
const scene = [yard(), small, visitor, visitor, yard(), small];

function select(explanations: Explanations, watch: Watch, picture: SmallPicture, stem: string) {
  const detection = watch.detect(picture);
  const frame = { stem, capturedAtMs: watch.nowMs, picture };
  return explanations.select(frame, detection, watch.detector.lastCellMap);
}

/** Draws pictures, one a second. @returns the names of the files */
async function drawAll(
  settings: Omit<ExplanationSettings, 'directory' | 'eventGapMs'>,
  pictures: readonly SmallPicture[],
): Promise<{ names: string[]; directory: string }> {
  const directory = temporaryDirectory();
  const explanations = new Explanations({ ...settings, directory, eventGapMs: 10_000 });
  const watch = watching();
  for (const [index, picture] of pictures.entries()) {
    const drawing = select(explanations, watch, picture, `f${String(index).padStart(3, '0')}`);
    if (drawing === undefined) await explanations.endVisit(watch.nowMs);
    else await explanations.draw(drawing);
  }
  await explanations.close();
  return { names: readdirSync(directory).sort(), directory };
}

const whyNoProbe =
  spawnSync('ffprobe', ['-version']).error && 'ffprobe is missing: apt-get install ffmpeg';
if (whyNoProbe) console.log(`Tests of animated PNGs are skipped: ${whyNoProbe}`);

/** As ffmpeg, which reads animated PNGs, counts them. */
function picturesIn(path: string): number {
  const { stdout, stderr } = spawnSync(
    'ffprobe',
    [
      ...['-v', 'error', '-f', 'apng', '-count_frames', '-select_streams', 'v'],
      ...['-show_entries', 'stream=nb_read_frames', '-of', 'csv=p=0', path],
    ],
    { encoding: 'utf8' },
  );
  if (stderr !== '') throw new Error(stderr);
  return Number(stdout);
}

describe('the drawn frames', () => {
  it('are the changes, or also near misses, or all', async () => {
    const namesFor = async (frames: ExplanationSettings['frames']) =>
      (await drawAll({ frames, form: 'png' }, scene)).names.map((name) => Number(name.slice(1, 4)));
    expect(await namesFor('changes')).toEqual([2, 3]);
    expect(await namesFor('near')).toEqual([1, 2, 3, 5]);
    expect(await namesFor('all')).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it.skipIf(whyNoProbe)(
    'of a visit are one animated PNG, and others have a file each',
    async () => {
      const pictures = [
        small,
        ...scene,
        ...Array.from({ length: 12 }, () => yard()),
        small,
        visitor,
      ];
      const { names, directory } = await drawAll({ frames: 'near', form: 'strip' }, pictures);
      // The near miss five frames after the visit still belongs to it: nothing has ended it yet.
      expect(names).toEqual([
        'f000.png',
        'f002.png',
        'f003-visit.png',
        'f019.png',
        'f020-visit.png',
      ]);
      expect(picturesIn(join(directory, 'f003-visit.png'))).toBe(3);
      expect(picturesIn(join(directory, 'f020-visit.png'))).toBe(1);
      // A viewer that knows no animation shows the first picture.
      const first = PNG.sync.read(readFileSync(join(directory, 'f003-visit.png')));
      expect(first.width).toBe(640);
    },
  );

  it.skipIf(whyNoProbe)('of a long visit are thinned', async () => {
    const moving = Array.from({ length: 70 }, (_, at) =>
      withVisitor(yard(), [5 + (at % 60), 20, 6, 12]),
    );
    const { names, directory } = await drawAll({ frames: 'changes', form: 'strip' }, moving);
    expect(names).toEqual(['f000-visit.png']);
    const count = picturesIn(join(directory, 'f000-visit.png'));
    expect(count).toBeGreaterThan(30);
    expect(count).toBeLessThanOrEqual(60);
  });

  it('are reported when they cannot be written, and leave no half file', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'a.png'));
    const explanations = new Explanations({
      ...{ directory, frames: 'all', form: 'png', eventGapMs: 1 },
    });
    const drawing = select(explanations, watching(), visitor, 'a')!;
    await expect(explanations.draw(drawing)).rejects.toThrow(/cannot write .*a\.png/);
  });
});

describe('the queue of drawings', () => {
  const settings = { frames: 'all', form: 'png', eventGapMs: 1000 } as const;
  const roomy = { bavail: 9_000_000, blocks: 10_000_000, bsize: 4096 };
  const drawing = select(
    new Explanations({ ...settings, directory: '/' }),
    watching(),
    visitor,
    'one',
  )!;

  function queueWith(
    draw: (drawing: Drawing) => Promise<void>,
    statDisk = () => Promise.resolve(roomy),
  ) {
    const { log, lines } = keptLog();
    const explanations = {
      draw,
      endVisit: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
    const queue = new DrawingQueue({ explanations, directory: '/drawings', log, statDisk });
    return { queue, lines };
  }

  it('leaves drawings out while the disk is too slow, says so, and goes on', async () => {
    let finish = (): void => undefined;
    const stuck = new Promise<void>((resolve) => (finish = resolve));
    let drawn = 0;
    const { queue, lines } = queueWith(async () => {
      await stuck;
      drawn += 1;
    });
    for (let at = 0; at < 200; at++) queue.push(drawing, at);
    expect(lines.filter((line) => line.includes('drawing left out'))).toHaveLength(3);
    expect(lines[0]).toContain('the machine or its disk is too slow');
    finish();
    await queue.close();
    expect(drawn).toBe(8);
    expect(lines.at(-1)).toContain('drawings=192');
  });

  it('leaves drawings out on a disk that is nearly full: the spool needs the room', async () => {
    let drawn = 0;
    let free = 100_000;
    const statDisk = () => Promise.resolve({ ...roomy, bavail: free });
    const { queue, lines } = queueWith(() => {
      drawn += 1;
      return Promise.resolve();
    }, statDisk);
    queue.push(drawing, 0);
    await queue.close();
    expect(drawn).toBe(0);
    expect(lines[0]).toContain('the disk of /drawings has 410 MB free; drawings leave 1.1 GB');
    free = 500_000;
    queue.push(drawing, 1);
    await queue.close();
    expect(drawn).toBe(1);
  });

  it('logs a failed drawing, and draws the next one', async () => {
    const { queue, lines } = queueWith(({ stem }) =>
      stem === 'bad' ? Promise.reject(new Error('no space left')) : Promise.resolve(),
    );
    queue.push({ ...drawing, stem: 'bad' }, 0);
    queue.push(drawing, 1);
    await queue.close();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('no space left');
  });

  it('writes real files', async () => {
    const directory = temporaryDirectory();
    const { log, lines } = keptLog();
    const explanations = new Explanations({ ...settings, directory });
    const statDisk = () => Promise.resolve(roomy);
    const queue = new DrawingQueue({ explanations, directory, log, statDisk });
    queue.push(drawing, 0);
    await queue.close();
    expect(readdirSync(directory)).toEqual(['one.png']);
    expect(lines).toEqual([]);
  });
});
