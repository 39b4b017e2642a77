/** A captures directory, as frames are kept in it. */
import { OperationalError, systemCode } from '../../../shared/cli/errors.js';
import { isDayName, unclockedFolder } from '../../../shared/protocol/frame-path.js';
import type { Folder } from '../../store/folder.js';
import type { StoreNote } from '../../store/store-note.js';
import { appendNotes } from '../note-appender.js';
import { readRecord } from '../record-reader.js';
import { type DayPath, dayPathOf } from './day-total.js';
import type { KeepingStore } from './keep.js';
import { within, withinAll } from './store-totals.js';

const unclocked = unclockedFolder('').slice(1);

export function keepingDirectory(root: Folder): KeepingStore {
  return {
    place: root.path,
    days: (camera) => daysOf(root, camera),
    async readLines(day, onLine) {
      await withinAll(root, day.split('/'), (folder) => readRecord(folder, onLine));
    },
    async hasFrame(day, name) {
      const isThere = await withinAll(root, day.split('/'), (folder) =>
        Promise.resolve(folder.lstat(name)?.isFile() === true),
      );
      return isThere === true;
    },
    append: (day, note) => append(root, day, note),
  };
}

async function append(root: Folder, day: string, note: StoreNote): Promise<void> {
  try {
    await withinAll(root, day.split('/'), (folder) => appendNotes(folder, [note]));
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw cause;
    throw new OperationalError('STORE', `there is no record of ${root.path}/${day}`, {
      hint: 'receiver reindex writes it from the files',
    });
  }
}

/** A camera's days, oldest first, those without a clock last. */
async function daysOf(root: Folder, camera: string): Promise<DayPath[]> {
  const paths: string[] = [];
  await within(root, camera, async (folder) => {
    for await (const name of folder.names()) if (isDayName(name)) paths.push(`${camera}/${name}`);
    paths.sort();
    await within(folder, unclocked, async (parent) => {
      const days: string[] = [];
      for await (const name of parent.names()) if (isDayName(name)) days.push(name);
      paths.push(
        `${camera}/${unclocked}`,
        ...days.sort().map((day) => `${camera}/${unclocked}/${day}`),
      );
    });
  });
  return paths.map(dayPathOf);
}
