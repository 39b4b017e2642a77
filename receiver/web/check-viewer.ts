/** Checks what a viewer needs, as the user and in the sandbox in which this process runs. */
import { constants } from 'node:fs';
import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationalError, describeError, systemCode } from '../../shared/cli/errors.js';
import { counted } from '../../shared/cli/humanize.js';
import { writeNewFile } from '../../shared/files/durable-file.js';
import { isDayName, isFrameName } from '../../shared/protocol/frame-path.js';
import { type Finding, finding } from '../../shared/setup/doctor/finding.js';
import { openCaptures } from '../archive/captures-reader.js';
import { cameraPattern } from '../archive/frame-entry.js';
import { recordName } from '../store/day-record.js';
import type { Folder } from '../store/folder.js';
import { readPasswordFile } from './access/password-file.js';

export interface ViewerCheck {
  readonly directory: string;
  readonly passwordFile: string | undefined;
  readonly control: string | undefined;
  readonly cachePath: string | undefined;
}

export async function checkViewer(settings: ViewerCheck): Promise<Finding[]> {
  const { directory, passwordFile, control, cachePath } = settings;
  return [
    await capturesFinding(directory),
    ...(passwordFile === undefined ? [] : [await passwordFinding(passwordFile)]),
    ...(control === undefined ? [] : [await controlFinding(control)]),
    ...(cachePath === undefined ? [] : [await cacheFinding(cachePath)]),
  ];
}

async function capturesFinding(directory: string): Promise<Finding> {
  try {
    const root = await openCaptures(directory, 'web');
    try {
      const cameras = [];
      for await (const name of root.names()) if (cameraPattern.test(name)) cameras.push(name);
      for (const camera of cameras) await tryCamera(root, camera);
      return finding('viewer', 'ok', `reads ${counted(cameras.length, 'camera')} in ${directory}`);
    } finally {
      await root.close();
    }
  } catch (error) {
    if (!(error instanceof OperationalError) && systemCode(error) === undefined) throw error;
    const message = `the viewer's user cannot read the captures: ${describeError(error)}`;
    const fix = `let the viewer's group read them: chmod -R g+rX '${directory}'`;
    return finding('viewer', 'fault', message, fix);
  }
}

/** Opens the newest day of a camera, its record, and a frame. @throws a system error: it may not be read */
async function tryCamera(root: Folder, camera: string): Promise<void> {
  await inFolder(root, camera, async (folder) => {
    let newest = '';
    for await (const name of folder.names()) if (isDayName(name) && name > newest) newest = name;
    if (newest === '') return;
    await inFolder(folder, newest, async (day) => {
      let frame: string | undefined;
      for await (const name of day.names()) if (isFrameName(name)) frame = name;
      for (const name of [recordName, ...(frame === undefined ? [] : [frame])]) {
        if (day.lstat(name) === undefined) continue; // deleted meanwhile, or no record yet
        await (await day.openFile(name, constants.O_RDONLY)).close();
      }
    });
  });
}

async function inFolder(
  parent: Folder,
  name: string,
  act: (folder: Folder) => Promise<void>,
): Promise<void> {
  const folder = await parent.openFolder(name);
  if (folder === undefined) return;
  try {
    await act(folder);
  } finally {
    await folder.close();
  }
}

async function passwordFinding(path: string): Promise<Finding> {
  try {
    const { size } = await readPasswordFile(path);
    const fix = 'sudo receiver web-password NAME';
    if (size === 0) return finding('passwords', 'warning', `${path} has no name`, fix);
    return finding('passwords', 'ok', `${counted(size, 'name')} in ${path}`);
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    const fix = `sudo chgrp picchanged-web '${path}' && sudo chmod 640 '${path}'`;
    const isDenied = ['EACCES', 'EPERM'].includes(systemCode(error.cause) ?? '');
    const message = `the viewer admits no name: ${describeError(error)}`;
    return finding('passwords', 'fault', message, isDenied ? fix : error.hint);
  }
}

async function controlFinding(control: string): Promise<Finding> {
  const requests = join(control, 'requests');
  try {
    await access(requests, constants.W_OK | constants.X_OK);
    return finding('keeping', 'ok', `asks the receiver to keep frames in ${requests}`);
  } catch (error) {
    const message = `the viewer cannot ask for frames to be kept: ${describeError(error)}`;
    return finding('keeping', 'fault', message, 'sudo systemctl restart picchanged-web.service');
  }
}

/** Without the cache the viewer works, and reads each day anew. */
async function cacheFinding(path: string): Promise<Finding> {
  const file = join(path, `.check-${process.pid}`);
  try {
    await writeNewFile(file, 'written by receiver web --check\n');
    return finding('index', 'ok', `day indexes are in ${path}`);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    const message = `the viewer cannot write its day indexes: ${describeError(error)}`;
    return finding('index', 'warning', message, `free space, or correct the rights of ${path}`);
  } finally {
    await rm(file, { force: true }).catch(() => undefined);
  }
}
