/** Unfinished files, `*.part`: where they lie, and that those of killed processes do not stay. */
import { type Folder, openIfFolder } from './folder.js';

/** Beside the camera's days, so on the same file system. */
export const incomingFolder = '.incoming';
/** An unfinished file lives for as long as one write: this old, its process is dead. */
const abandonedAfterMs = 10 * 60_000;

/** Removes what killed processes left in the captures directory. @throws a system error */
export async function removeAbandoned(root: Folder, nowMs: number): Promise<void> {
  for await (const name of root.names()) {
    if (/^\.picchanged.*\.part$/.test(name)) await removeIfOld(root, name, nowMs);
    else if ((await root.look(name))?.isDirectory()) {
      await within(root, name, (camera) =>
        within(camera, incomingFolder, (incoming) => removeAbandonedIn(incoming, nowMs)),
      );
    }
  }
}

/** Removes what killed processes left in one folder of unfinished files. @throws a system error */
export async function removeAbandonedIn(incoming: Folder, nowMs: number): Promise<void> {
  for await (const name of incoming.names()) {
    if (name.endsWith('.part')) await removeIfOld(incoming, name, nowMs);
  }
}

/** Whether nothing has changed a file for so long that no living process is about to. */
export function isAbandoned(look: { readonly ctimeMs: bigint }, nowMs: number): boolean {
  return nowMs - Number(look.ctimeMs) > abandonedAfterMs;
}

/** Does something in a folder, if it is one. */
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

async function removeIfOld(folder: Folder, name: string, nowMs: number): Promise<void> {
  // Its modification time may be the capture's; when it was made and renamed tells its age.
  const look = await folder.look(name);
  if (look !== undefined && isAbandoned(look, nowMs)) await folder.removeIfThere(name);
}
