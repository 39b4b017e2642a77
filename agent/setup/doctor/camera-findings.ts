/** Checks the camera: program, device, permissions, and a real shot that decodes. */
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import { OperationalError, describeError, systemCode } from '../../../shared/cli/errors.js';
import { isAbsent } from '../../../shared/files/if-exists.js';
import { isHiddenFromServices } from '../../../shared/setup/install/given-settings.js';
import type { RunTool } from '../../../shared/process/run-tool.js';
import { withTimeLimit } from '../../../shared/time-limit.js';
import { humanSize } from '../../../shared/cli/humanize.js';
import { decodeSmall } from '../../detect/decode.js';
import { cameraAddress } from '../../source/camera-address.js';
import { type SourceSettings, openSource } from '../../source/open-source.js';
import { describeVideo } from '../../source/rtsp-description.js';

export interface CameraParts {
  readonly run: RunTool;
  readonly settings: SourceSettings;
  /** True when the installed agent runs: it may hold the camera. */
  readonly isWatched: boolean;
  readonly signal: AbortSignal;
  /** The service's user, whose rights this process has; undefined: the user who runs the doctor. */
  readonly user: string | undefined;
}

export async function cameraFindings(parts: CameraParts): Promise<readonly Finding[]> {
  const { choice, device } = parts.settings;
  if ((choice.kind === 'file' || choice.kind === 'folder') && parts.user !== undefined) {
    if (isHiddenFromServices(choice.path)) return [hiddenFinding(choice.path)];
  }
  if (choice.kind === 'rtsp') return rtspFindings(parts, choice.address);
  if (choice.kind !== 'fswebcam') return [await frameFinding(parts)];
  const program = await programFinding(parts.run, 'fswebcam', ['--version']);
  // TEST: and FILE: are not devices.
  const path = /^(?:v4l2:)?(\/dev\/.+)$/i.exec(device)?.[1];
  const devices = path === undefined ? [] : [await deviceFinding(path, parts.user)];
  const hasFault = [program, ...devices].some(({ level }) => level === 'fault');
  return [program, ...devices, ...(hasFault ? [] : [await frameFinding(parts)])];
}

/** The program that reads the stream, what the camera answers, and a frame if both can give one. */
async function rtspFindings(parts: CameraParts, text: string): Promise<readonly Finding[]> {
  const { run, settings, signal } = parts;
  const { clock, credentialsFile, credentialsDirectory, shotTimeoutMs: limitMs } = settings;
  const program = await programFinding(run, 'ffmpeg', ['-version']);
  try {
    const address = await cameraAddress(text, credentialsFile, credentialsDirectory);
    const encoding = await describeVideo(address, { clock, signal, limitMs });
    const isCopied = encoding === 'JPEG';
    const use = isCopied ? 'passed on as it is' : 'ffmpeg makes JPEGs of it';
    const camera = finding('camera', 'ok', `${address.name} answers: ${encoding} video, ${use}`);
    if (program.level === 'fault') return [program, camera];
    return [program, camera, await frameFinding(parts)];
  } catch (error) {
    return [program, errorFinding('camera', error, signal)];
  }
}

async function programFinding(
  run: RunTool,
  name: 'fswebcam' | 'ffmpeg',
  args: readonly string[],
): Promise<Finding> {
  try {
    const { stdout, stderr } = await run(name, args);
    const version = new RegExp(`${name} (?:version )?(\\S+)`).exec(stdout + stderr)?.[1];
    return finding(name, 'ok', version ?? 'of an unknown version');
  } catch (error) {
    const isMissing = systemCode(error) === 'ENOENT';
    const message = isMissing ? 'is not installed' : `cannot be started: ${describeError(error)}`;
    return finding(name, 'fault', message, `sudo apt-get install ${name}`);
  }
}

function hiddenFinding(path: string): Finding {
  const message = `services cannot access /home, /root and /tmp: ${path}`;
  return finding('frame', 'fault', message, 'use another place, as /srv');
}

/** Checks that the device exists and that its group can use it, as the service does. */
async function deviceFinding(path: string, user: string | undefined): Promise<Finding> {
  let found;
  try {
    found = await stat(path);
  } catch (error) {
    const isMissing = isAbsent(error);
    const message = isMissing ? `${path} does not exist` : describeError(error);
    const fix = 'plug the camera in, or choose another device: ls /dev/v4l/by-id /dev/video*';
    return finding('device', 'fault', message, fix);
  }
  if (!found.isCharacterDevice()) {
    return finding('device', 'fault', `${path} is not a device`, 'choose another with --device');
  }
  const group = await groupName(found.gid);
  const description = `${path}, group ${group}, mode ${(found.mode & 0o777).toString(8).padStart(4, '0')}`;
  try {
    await access(path, constants.R_OK | constants.W_OK);
  } catch {
    const byHand = `sudo usermod --append --groups ${group} $USER, then log in again`;
    const ofService = `sudo chgrp video ${path} && sudo chmod 0660 ${path}`;
    const message = `${user ?? 'this user'} cannot use ${description}`;
    return finding('device', 'fault', message, user === undefined ? byHand : ofService);
  }
  const isOpenToGroup = (found.mode & 0o060) === 0o060 && group === 'video';
  if (isOpenToGroup || (found.mode & 0o006) === 0o006) return finding('device', 'ok', description);
  const message = `the service opens cameras as a member of group video, which has no access: ${description}`;
  const fix = `sudo chgrp video ${path} && sudo chmod 0660 ${path}`;
  return finding('device', 'warning', message, fix);
}

async function groupName(gid: number): Promise<string> {
  const text = await readFile('/etc/group', 'utf8').catch(() => '');
  const entry = text.split('\n').find((line) => line.split(':')[2] === String(gid));
  return entry?.split(':')[0] ?? String(gid);
}

/** Takes a frame with the agent's source, and decodes it with the detector's decoder. */
async function frameFinding({ settings, isWatched, signal, user }: CameraParts): Promise<Finding> {
  // A folder source has no frame until another program writes one.
  const isFolder = settings.choice.kind === 'folder';
  try {
    const source = await openSource({
      ...settings,
      once: !isFolder,
      wantsExisting: true,
    });
    try {
      if (settings.consumes && settings.choice.kind === 'folder') {
        const { path } = settings.choice;
        const isWritable = await access(path, constants.W_OK | constants.X_OK).then(
          () => true,
          () => false,
        );
        const message = `--consume cannot remove files from ${path}: ${user ?? 'this user'} has no write access`;
        const fix = `sudo setfacl -R -m u:${user ?? '$USER'}:rwX -m d:u:${user ?? '$USER'}:rwX ${path}`;
        if (!isWritable) return finding('frame', 'fault', message, fix);
      }
      if (isFolder) return finding('frame', 'ok', `waiting for frames from ${source.name}`);
      const limitMs = settings.shotTimeoutMs + 5000;
      const { jpeg } = await withTimeLimit(signal, limitMs, (limited) => source.next(limited));
      const { frameWidthPx, frameHeightPx } = decodeSmall(jpeg);
      const size = `${frameWidthPx}×${frameHeightPx}, ${humanSize(jpeg.length)}`;
      return finding('frame', 'ok', `taken from ${source.name}: ${size}`);
    } finally {
      await source.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (isWatched && /resource busy/i.test(describeError(error))) {
      return finding('frame', 'ok', 'the camera is busy: the running agent uses it');
    }
    return errorFinding('frame', error, signal);
  }
}

function errorFinding(check: string, error: unknown, signal: AbortSignal): Finding {
  signal.throwIfAborted();
  const hint = error instanceof OperationalError ? error.hint : undefined;
  return finding(check, 'fault', messageOf(error), hint);
}

/** The message without the hint, which the finding has as its fix. */
function messageOf(error: unknown): string {
  if (error instanceof OperationalError) {
    return describeError(new Error(error.message, { cause: error.cause }));
  }
  return describeError(error);
}
