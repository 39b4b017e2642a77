/**
 * Frames from a webcam, one run of fswebcam each. Every shot has its own private folder: an old file cannot be taken
 * for a new frame, and no file stays. fswebcam's exit status is 0 even when it fails, so only a complete JPEG counts.
 */
import { constants } from 'node:fs';
import { access, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.js';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { ifExists } from '../../shared/files/if-exists.js';
import { findJpegDamage } from '../../shared/jpeg/splitter.js';
import { formatDuration } from '../../shared/cli/units.js';
import { type ProgramResult, describeEnd, runProgram } from '../../shared/process/run-program.js';
import type { CapturedFrame, FrameSource } from './frame-source.js';
import { fswebcamArguments } from './fswebcam-arguments.js';
import type { ShotOptions } from './shot-options.js';
import { hintFor, errorTextOf } from './fswebcam-failure.js';

export interface FswebcamSettings extends ShotOptions {
  /** A shot that takes longer is ended. fswebcam itself waits 10 s for a frame, then fails with a message. */
  readonly shotTimeoutMs: number;
  /** `fswebcam` or an absolute path: it runs in the shot's folder. */
  readonly program: string;
  /** Parent of the shots' folders: preferably in memory, as a service's runtime directory is. */
  readonly directory: string;
  readonly clock: Clock;
}

/** Relative to the shot's folder: fswebcam expands `%` in paths, and node-webcam splits them at spaces. */
const shotName = 'shot.jpg';
/** Time from SIGTERM to SIGKILL: fswebcam reacts to SIGTERM only while it waits for a frame, and then at once. */
const graceMs = 500;

/**
 * @throws {OperationalError} CAMERA when `directory` is not writable
 * @throws {InvalidValue} for a device that the value type `device` refuses
 */
export async function openFswebcam(settings: FswebcamSettings): Promise<FrameSource> {
  const source = new Fswebcam(settings);
  try {
    await access(settings.directory, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw folderError(settings.directory, cause);
  }
  return source;
}

class Fswebcam implements FrameSource {
  readonly name: string;
  readonly pace = 'shots';
  readonly #settings: FswebcamSettings;
  readonly #args: readonly string[];
  /** Settles when the current shot has ended and its folder is removed. */
  #shot: Promise<unknown> = Promise.resolve();

  constructor(settings: FswebcamSettings) {
    this.#settings = settings;
    this.#args = fswebcamArguments(settings, shotName);
    this.name = `fswebcam ${settings.device}`;
  }

  next(signal: AbortSignal): Promise<CapturedFrame> {
    const shot = this.#shoot(signal);
    this.#shot = shot.catch(() => undefined); // the caller gets the rejection of `shot`
    return shot;
  }

  /** Waits for the current shot, which its signal or time limit ends. */
  async close(): Promise<void> {
    await this.#shot;
  }

  async #shoot(signal: AbortSignal): Promise<CapturedFrame> {
    signal.throwIfAborted();
    const { directory, device, clock } = this.#settings;
    const folder = await mkdtemp(join(directory, 'picchanged-shot-')).catch((cause: unknown) => {
      throw folderError(directory, cause);
    });
    try {
      const result = await this.#run(folder, signal);
      // The time when fswebcam ended: some tens of milliseconds after the camera delivered the frame.
      const capturedAtMs = clock.nowMs();
      return { jpeg: await this.#read(folder, result), capturedAtMs, origin: device };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #run(folder: string, signal: AbortSignal): Promise<ProgramResult> {
    const { program, shotTimeoutMs } = this.#settings;
    try {
      return await runProgram({
        program,
        args: this.#args,
        workingDirectory: folder,
        // Messages in English: `hintFor` parses them.
        environment: { LC_ALL: 'C' },
        timeLimitMs: shotTimeoutMs,
        graceMs,
        signal,
      });
    } catch (cause) {
      if (signal.aborted || systemCode(cause) === undefined) throw cause;
      const isMissing = systemCode(cause) === 'ENOENT';
      throw new OperationalError(
        'CAMERA',
        isMissing ? `program ${program} not found` : `cannot start ${program}`,
        { cause, ...(isMissing && { hint: 'install it: sudo apt-get install fswebcam' }) },
      );
    }
  }

  async #read(folder: string, result: ProgramResult): Promise<Buffer> {
    const { device, directory, shotTimeoutMs } = this.#settings;
    if (result.isTimedOut) {
      const limit = formatDuration(shotTimeoutMs);
      throw await this.#failure(`did not finish a shot from ${device} within ${limit}`, result);
    }
    if (result.exitCode !== 0) throw await this.#failure(`failed on ${device}`, result);
    const jpeg = await ifExists(readFile(join(folder, shotName)));
    if (jpeg === undefined) throw await this.#failure(`took no picture from ${device}`, result);
    const damage = findJpegDamage(jpeg);
    if (damage === undefined) return jpeg;
    throw new OperationalError(
      'FRAME',
      `fswebcam wrote a damaged picture from ${device}: ${damage}`,
      { hint: `check the free space in ${directory}: fswebcam does not detect a full disk` },
    );
  }

  async #failure(problem: string, result: ProgramResult): Promise<OperationalError> {
    const errorText = errorTextOf(result.stderrTail);
    const hint = hintFor(errorText, this.#settings.device, await listCameras());
    const stderr = errorText === '' ? 'stderr is empty' : `stderr: ${errorText}`;
    return new OperationalError(
      'CAMERA',
      `fswebcam ${problem} (${describeEnd(result)}); ${stderr}`,
      {
        ...(hint !== undefined && { hint }),
      },
    );
  }
}

async function listCameras(): Promise<string[]> {
  const names = await readdir('/dev');
  return names
    .filter((name) => /^video\d+$/.test(name))
    .sort()
    .map((name) => `/dev/${name}`);
}

function folderError(directory: string, cause: unknown): OperationalError {
  return new OperationalError('CAMERA', `cannot create a folder for shots in ${directory}`, {
    cause,
    hint: 'give this user write access, or set TMPDIR to a writable folder',
  });
}
