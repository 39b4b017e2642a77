/** Unfinished files, `*.part`: their folder, and the removal of those of killed processes. */
import { type Folder, openIfFolder } from './folder.js';

/** Beside the camera's days: on the same file system. */
export const incomingFolder = '.incoming';
/** An unfinished file exists for the time of one write: after this time its process is dead. */
const abandonedAfterMs = 10 * 60_000;

/** Removes unfinished files of killed processes from the captures directory. @throws a system error */
export async function removeAbandoned(root: Folder, nowMs: number): Promise<void> {
  for await (const name of root.names()) {
    if (/^\.picchanged.*\.part$/.test(name)) removeIfOld(root, name, nowMs);
    else if (root.lstat(name)?.isDirectory()) {
      await within(root, name, (camera) =>
        within(camera, incomingFolder, (incoming) => removeAbandonedIn(incoming, nowMs)),
      );
    }
  }
}

/** Removes the files of killed processes from one folder of unfinished files. @throws a system error */
export async function removeAbandonedIn(incoming: Folder, nowMs: number): Promise<void> {
  for await (const name of incoming.names()) {
    if (name.endsWith('.part')) removeIfOld(incoming, name, nowMs);
  }
}

/** Whether a file is unchanged for so long that no living process writes it. */
export function isAbandoned(stats: { readonly ctimeMs: bigint }, nowMs: number): boolean {
  return nowMs - Number(stats.ctimeMs) > abandonedAfterMs;
}

/** Calls `act` with a folder, if the name is that of one. */
async function within(
  parent: Folder,
  name: string,
  act: (folder: Folder) => Promise<void>,
): Promise<void> {
  const folder = await openIfFolder(parent, name);
  try {
    if (folder !== undefined) await act(folder);
  } finally {
    await folder?.close();
  }
}

function removeIfOld(folder: Folder, name: string, nowMs: number): void {
  // The age follows from the change time: the modification time may be that of the capture.
  const stats = folder.lstat(name);
  if (stats !== undefined && isAbandoned(stats, nowMs)) folder.removeIfThere(name);
}
