/**
 * What viewer and notices cost with many cameras: looks for new entries, states and cameras, and memory, for one camera
 * and for hundreds. `npm run bench -- web-cameras [CAMERAS] [FOLDER]`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordTail } from '../../receiver/notify/record-tail.js';
import { Folder } from '../../receiver/store/folder.js';
import { ArchiveQueries } from '../../receiver/web/queries/archive-queries.js';
import { LiveTail } from '../../receiver/web/queries/live-tail.js';
import { systemClock } from '../../shared/clock.js';
import { sceneClip } from '../support/made-store/clip.js';
import { newEpoch, writeDay } from '../support/made-store/day.js';
import { busyDay } from '../support/made-store/story.js';
import { lastDayMs } from './web/stores.js';

const [cameras = '300', parent = tmpdir()] = process.argv.slice(2);
const days = 4;
const looks = 40;
/** As the server looks while a page is open. */
const lookEveryMs = 250;
/** As notices look, and MQTT beside them once more. */
const noticesEveryMs = 1000;

function makeCameras(count: number): string {
  const directory = mkdtempSync(join(parent, 'picchanged-bench-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  const clip = sceneClip({ seed: 1, fromMs: 1500, toMs: 6500, everyMs: 250 });
  for (let number = 0; number < count; number += 1) {
    for (let day = 0; day < days; day += 1) {
      const localMs = lastDayMs - day * 86_400_000;
      const frames = busyDay(localMs, 250, clip, () => 0.5);
      const common = { camera: `camera${number}`, localMs, utcOffsetMinutes: 0, holes: [] };
      writeDay(directory, { ...common, epoch: newEpoch(), sequence: 1, frames });
    }
  }
  return directory;
}

/** @returns milliseconds of CPU */
async function cpuOf(act: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage();
  await act();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

for (const count of [1, Number(cameras)]) {
  const captures = await Folder.open(makeCameras(count));
  const queries = new ArchiveQueries(captures, undefined, systemClock);
  const tail = new LiveTail(queries.store);
  await tail.look();
  const lookMs = await cpuOf(async () => {
    for (let look = 0; look < looks; look += 1) await tail.look();
  });
  const share = (100 * lookMs) / looks / lookEveryMs;
  console.log(`${count} cameras of ${days} days, milliseconds of CPU`);
  console.log(
    `  a look for new entries ${(lookMs / looks).toFixed(2)}: ${share.toFixed(1)} % of a core`,
  );
  const notices = new RecordTail(undefined, systemClock);
  const noticesLook = async (): Promise<void> => {
    const opened = await Folder.open(captures.path);
    await notices.look(opened, () => undefined);
    await opened.close();
  };
  await noticesLook();
  const noticesMs = await cpuOf(async () => {
    for (let look = 0; look < looks; look += 1) await noticesLook();
  });
  const noticesShare = (100 * noticesMs) / looks / noticesEveryMs;
  console.log(
    `  a look of the notices ${(noticesMs / looks).toFixed(2)}: ${noticesShare.toFixed(1)} % of a core`,
  );
  for (const which of ['first', 'second']) {
    const statesMs = await cpuOf(() => queries.states());
    const camerasMs = await cpuOf(() => queries.cameras());
    console.log(
      `  ${which} time: states ${statesMs.toFixed(0)}, cameras with their newest frames ${camerasMs.toFixed(0)}`,
    );
  }
  console.log(`  memory ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`);
  await captures.close();
}
