/**
 * What a follower of a bucket needs for a look, while each camera has stored a frame since the last one: with hints that
 * name the new objects, and with hints that name days, which are listed. In one run, with Ceph; as root.
 * `npm run bench -- follow [--cameras 10,100,300] [--rounds N]`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { RecordMirror } from '../../receiver/archive/mirror/record-mirror.js';
import { mapAtOnce } from '../../receiver/store/at-once.js';
import { startCeph, whyNoCeph } from '../support/ceph.js';
import { memoryBase } from '../support/temporary.js';

const { values } = parseArgs({
  options: {
    cameras: { type: 'string', default: '10,100,300' },
    rounds: { type: 'string', default: '5' },
    /** Objects that each day has before. */
    pieces: { type: 'string', default: '30' },
  },
});
const whyNot = whyNoCeph();
if (whyNot !== undefined) throw new Error(whyNot);
const [rounds, before] = [Number(values.rounds), Number(values.pieces)];
/** As a follower does. */
const atOnce = 16;
const parent = mkdtempSync(join(memoryBase, 'picchanged-bench-'));
const ceph = await startCeph();
let count = 0;

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;

try {
  console.log('ms of a look; a receiver writes a hint each second\n');
  console.log('cameras  objects named  days named  ratio  load');
  for (const cameras of values.cameras.split(',').map(Number)) {
    const client = ceph.client(`follow-${cameras}/`);
    const days = Array.from({ length: cameras }, (_, at) => `camera-${at}/2026_11_22`);
    const put = async (day: string): Promise<string> => {
      count += 1;
      const name = `l-bench-${String(count).padStart(9, '0')}`;
      await client.put(`${day}/record.d/${name}`, Buffer.from(`{"unknown":${count}}\n`));
      return name;
    };
    for (let at = 0; at < before; at += 1) await mapAtOnce(days, atOnce, put);
    const id = String(cameras).padStart(32, '0');
    const [named, listed] = [
      await RecordMirror.open({ client, id, parent }),
      await RecordMirror.open({ client, id, parent }),
    ];
    for (const mirror of [named, listed]) await mirror.refresh();
    const [ofNames, ofLists]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      const names = new Map<string, Set<string>>();
      await mapAtOnce(days, atOnce, async (day) => {
        names.set(day, new Set([await put(day)]));
      });
      const time = async (looks: number[], look: (day: string) => Promise<void>) => {
        const startMs = performance.now();
        await mapAtOnce(days, atOnce, look);
        looks.push(performance.now() - startMs);
      };
      await time(ofNames, (day) => named.addToDay(day, names.get(day) ?? new Set()));
      await time(ofLists, (day) => listed.refreshDay(day));
    }
    const [nameMs, listMs] = [median(ofNames), median(ofLists)];
    const load = (loadavg()[0] ?? NaN).toFixed(1);
    const columns = [cameras, nameMs.toFixed(0), listMs.toFixed(0), (listMs / nameMs).toFixed(1)];
    console.log([...columns, load].join('  '));
    for (const mirror of [named, listed]) await mirror.close();
  }
} finally {
  await ceph.stop();
  rmSync(parent, { recursive: true, force: true });
}
