/** Counts of refusals, which several processes add to one file. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { metricsText } from '../../../receiver/metrics/metrics-text.js';
import { ReceiverCounters, counterMetrics } from '../../../receiver/metrics/receiver-counters.js';
import { Folder } from '../../../receiver/store/folder.js';
import { samplesOf } from '../../support/promtool.js';
import { temporaryDirectory } from '../../support/temporary.js';

const file = '.picchanged-counters.json';

async function read(directory: string) {
  const captures = await Folder.open(directory);
  onTestFinished(() => captures.close());
  const samples = samplesOf(metricsText(await counterMetrics(captures)));
  const refused = (reason: string) =>
    samples.get(`picchanged_refused_frames_total{reason="${reason}"}`);
  return { duplicates: samples.get('picchanged_duplicate_frames_total'), refused };
}

describe('the counters of receivers', () => {
  it('are zero without a file, and make none', async () => {
    const directory = temporaryDirectory();
    await new ReceiverCounters(directory).save();
    expect(existsSync(join(directory, file))).toBe(false);
    const { duplicates, refused } = await read(directory);
    expect([duplicates, refused('hash'), refused('other')]).toEqual([0, 0, 0]);
  });

  it('of all processes are added up', async () => {
    const directory = temporaryDirectory();
    const all = [1, 2, 3, 4].map(() => new ReceiverCounters(directory));
    for (const each of all) {
      each.duplicate();
      each.refused('hash');
      each.refused('a-newer-code');
    }
    await Promise.all(all.map((each) => each.save()));
    all[0]?.duplicate();
    await all[0]?.save();
    const { duplicates, refused } = await read(directory);
    expect([duplicates, refused('hash'), refused('other'), refused('quota')]).toEqual([5, 4, 4, 0]);
    expect(statSync(join(directory, file)).size).toBe(4096);
  });

  it('wait while they cannot be written', async () => {
    const directory = join(temporaryDirectory(), 'captures');
    const counters = new ReceiverCounters(directory);
    counters.duplicate();
    await counters.save();
    counters.duplicate();
    mkdirSync(directory);
    await counters.save();
    expect((await read(directory)).duplicates).toBe(2);
  });

  it('begin anew when the file is damaged, and are not read as zero until then', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, file), '{"duplicates":3');
    expect((await read(directory)).duplicates).toBeUndefined();
    const counters = new ReceiverCounters(directory);
    counters.refused('raw');
    await counters.save();
    expect((await read(directory)).refused('raw')).toBe(1);
    rmSync(join(directory, file));
    expect((await read(directory)).duplicates).toBe(0);
  });

  it('have no secret and no name of a peer', async () => {
    const directory = temporaryDirectory();
    const counters = new ReceiverCounters(directory);
    counters.refused('yard"}\n');
    await counters.save();
    expect(readFileSync(join(directory, file), 'utf8')).not.toContain('yard');
  });
});
