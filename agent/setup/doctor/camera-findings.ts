/** Whether a frame can be had: the program, the device and its permissions, and a real shot that decodes. */
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import { OperationalError, describeError, systemCode } from '../../../shared/cli/errors.js';
import type { RunTool } from '../../../shared/process/run-tool.js';
import { humanSize } from '../../../shared/cli/humanize.js';
import { decodeSmall } from '../../detect/decode.js';
import { type SourceSettings, openSource } from '../../source/open-source.js';

export interface CameraParts {
  readonly run: RunTool;
  readonly settings: Omit<SourceSettings, 'onLooked'>;
  /** True when the installed agent runs, and may have the camera. */
  readonly isWatched: boolean;
  readonly signal: AbortSignal;
}

export async function cameraFindings(parts: CameraParts): Promise<readonly Finding[]> {
  const { choice, device } = parts.settings;
  if (choice.kind !== 'fswebcam') return [await frameFinding(parts)];
  const program = await programFinding(parts.run);
  // TEST: and FILE: are no devices.
  const path = /^(?:v4l2:)?(\/dev\/.+)$/i.exec(device)?.[1];
  const devices = path === undefined ? [] : [await deviceFinding(path)];
  const isHopeless = [program, ...devices].some(({ level }) => level === 'fault');
  return [program, ...devices, ...(isHopeless ? [] : [await frameFinding(parts)])];
}

async function programFinding(run: RunTool): Promise<Finding> {
  try {
    const { stdout, stderr } = await run('fswebcam', ['--version']);
    const version = /fswebcam (\S+)/.exec(stdout + stderr)?.[1] ?? 'of an unknown version';
    return finding('fswebcam', 'ok', version);
  } catch (error) {
    const isMissing = systemCode(error) === 'ENOENT';
    const says = isMissing ? 'is not installed' : `cannot be started: ${describeError(error)}`;
    return finding('fswebcam', 'fault', says, 'sudo apt-get install fswebcam');
  }
}

/** Whether there is a video device, and the users of its group may use it, as the service does. */
async function deviceFinding(path: string): Promise<Finding> {
  let found;
  try {
    found = await stat(path);
  } catch (error) {
    const isMissing = ['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '');
    const says = isMissing ? `there is no ${path}` : describeError(error);
    const todo = 'plug the camera in, or choose another: ls /dev/v4l/by-id /dev/video*';
    return finding('device', 'fault', says, todo);
  }
  if (!found.isCharacterDevice()) {
    return finding('device', 'fault', `${path} is no device`, 'choose another with --device');
  }
  const group = await groupName(found.gid);
  const shown = `${path}, group ${group}, mode ${(found.mode & 0o777).toString(8).padStart(4, '0')}`;
  try {
    await access(path, constants.R_OK | constants.W_OK);
  } catch {
    const todo = `sudo usermod --append --groups ${group} $USER, then log in again`;
    return finding('device', 'fault', `this user may not use ${shown}`, todo);
  }
  const isOpenToGroup = (found.mode & 0o060) === 0o060 && group === 'video';
  if (isOpenToGroup || (found.mode & 0o006) === 0o006) return finding('device', 'ok', shown);
  const says = `the service reaches cameras as a member of group video, but this is ${shown}`;
  const todo = `sudo chgrp video ${path} && sudo chmod 0660 ${path}`;
  return finding('device', 'warning', says, todo);
}

async function groupName(gid: number): Promise<string> {
  const text = await readFile('/etc/group', 'utf8').catch(() => '');
  const entry = text.split('\n').find((line) => line.split(':')[2] === String(gid));
  return entry?.split(':')[0] ?? String(gid);
}

/** Takes a frame now, as the agent would, and decodes it as the judge would. */
async function frameFinding({ settings, isWatched, signal }: CameraParts): Promise<Finding> {
  // A folder has no frame before somebody puts one there.
  const isWaiting = settings.choice.kind === 'folder';
  try {
    const source = await openSource({
      ...settings,
      once: !isWaiting,
      wantsExisting: true,
      onLooked: () => undefined,
    });
    try {
      if (isWaiting) return finding('frame', 'ok', `${source.name} is waited at for frames`);
      const limit = AbortSignal.timeout(settings.shotTimeoutMs + 5000);
      const { jpeg } = await source.next(AbortSignal.any([signal, limit]));
      const { frameWidthPx, frameHeightPx } = decodeSmall(jpeg);
      const size = `${frameWidthPx}×${frameHeightPx}, ${humanSize(jpeg.length)}`;
      return finding('frame', 'ok', `taken from ${source.name}: ${size}`);
    } finally {
      await source.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (isWatched && /resource busy/i.test(describeError(error))) {
      return finding('frame', 'ok', 'the camera is busy: the agent that runs here has it');
    }
    const hint = error instanceof OperationalError ? error.hint : undefined;
    return finding('frame', 'fault', sentenceOf(error), hint);
  }
}

/** Without the hint, which has its own place. */
function sentenceOf(error: unknown): string {
  if (error instanceof OperationalError) {
    return describeError(new Error(error.message, { cause: error.cause }));
  }
  return describeError(error);
}
