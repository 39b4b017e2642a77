/** Checks of the captures directory: exists, is writable, has its marker and free space; the last frame per camera. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemClock } from '../../../shared/clock.js';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import { spaceFinding } from '../../../shared/setup/doctor/machine-findings.js';
import { describeError, systemCode } from '../../../shared/cli/errors.js';
import { Folder } from '../../store/folder.js';
import { markerName } from '../../store/store-marker.js';
import { erasureFindings } from './erasure-findings.js';
import { type CameraNow, cameraText, camerasNow } from '../cameras-now.js';

export interface CapturesFacts {
  /** How its installed service makes the directory; undefined: no service stores there. */
  readonly install?: string | undefined;
  /** Root typed the command, and looks with the rights of the service's user. */
  readonly isRoot?: boolean;
}

export async function capturesFindings(
  directory: string,
  nowMs: number,
  { install, isRoot = false }: CapturesFacts = {},
): Promise<readonly Finding[]> {
  try {
    if (!(await stat(directory)).isDirectory()) {
      return [
        finding('captures', 'fault', `${directory} is not a directory`, 'choose another --dir'),
      ];
    }
    await access(directory, constants.R_OK | constants.X_OK);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' && install !== undefined) {
      const message = `${directory} does not exist, and the service does not start without it`;
      const fix = `mount its disk, or make it anew: ${install}`;
      return [finding('captures', 'fault', message, fix)];
    }
    if (systemCode(error) === 'ENOENT') return [await missingFinding(directory)];
    const message = `cannot read ${directory}: ${describeError(error)}`;
    const isHidden = ['EACCES', 'EPERM'].includes(systemCode(error) ?? '');
    if (isHidden && isRoot) {
      const text = `${message}: the service's user has no way there but its sandbox`;
      const fix =
        'see what arrives: sudo receiver status; or choose a --dir that this user can reach';
      return [finding('captures', 'warning', text, fix)];
    }
    if (isHidden) return [finding('captures', 'warning', message, 'sudo receiver doctor')];
    return [finding('captures', 'fault', message, 'choose another --dir')];
  }
  return [
    await writableFinding(directory),
    await markerFinding(directory),
    await spaceFinding('disk', directory),
    ...(await cameraFindings(directory, nowMs)),
  ];
}

async function missingFinding(directory: string): Promise<Finding> {
  let parent = dirname(directory);
  for (;;) {
    try {
      await access(parent, constants.W_OK | constants.X_OK);
      return finding('captures', 'ok', `${directory} will be created`);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || parent === dirname(parent)) {
        const message = `cannot create ${directory}: ${describeError(error)}`;
        const fix = `sudo mkdir -p ${directory} && sudo chown $USER ${directory}`;
        return finding('captures', 'fault', message, fix);
      }
      parent = dirname(parent);
    }
  }
}

async function writableFinding(directory: string): Promise<Finding> {
  try {
    await access(directory, constants.W_OK);
    return finding('captures', 'ok', directory);
  } catch (error) {
    const message = `this user may not write in ${directory}: ${describeError(error)}`;
    return finding('captures', 'warning', message, 'fine if the service runs as another user');
  }
}

async function markerFinding(directory: string): Promise<Finding> {
  try {
    const root = await Folder.open(directory);
    try {
      await (await root.openFile(markerName, constants.O_RDONLY)).close();
    } finally {
      await root.close();
    }
    return finding('marker', 'ok', `${markerName} marks this directory`);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      const message = 'none yet: no receiver has used this directory';
      return finding('marker', 'ok', message, 'if frames were here before: mount their disk');
    }
    return finding('marker', 'fault', `cannot read ${markerName}: ${describeError(error)}`);
  }
}

async function cameraFindings(directory: string, nowMs: number): Promise<readonly Finding[]> {
  const offset = systemClock.utcOffsetMinutes(nowMs);
  const cameras = await camerasNow(directory, nowMs, offset);
  const names = cameras.map(({ camera }) => camera);
  return [...camerasFindings(cameras, nowMs), ...(await erasureFindings(directory, names))];
}

/** A line for each camera. */
export function camerasFindings(cameras: readonly CameraNow[], nowMs: number): readonly Finding[] {
  if (cameras.length === 0) return [finding('cameras', 'ok', 'no camera has sent a frame yet')];
  return cameras.map((each) => {
    const text = `${each.camera}: ${cameraText(each, nowMs)}`;
    if (each.clockError === undefined) return finding('cameras', 'ok', text);
    return finding('cameras', 'warning', text, 'at both machines: timedatectl');
  });
}
