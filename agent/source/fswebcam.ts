/**
 * Frames from a webcam, one run of fswebcam each. Every shot has a private folder of its own, so that no old
 * file can pass for a new frame and nothing stays; fswebcam's exit status is 0 even when it fails, so only a
 * whole JPEG counts.
 */
import { constants } from 'node:fs';
import { access, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.js';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { findJpegDamage } from '../../shared/jpeg/splitter.js';
import { formatDuration } from '../../shared/cli/units.js';
import { type ProgramResult, describeEnd, runProgram } from '../../shared/process/run-program.js';
import type { CapturedFrame, FrameSource } from './frame-source.js';
import { fswebcamArguments } from './fswebcam-arguments.js';
import type { ShotOptions } from './shot-options.js';
import { adviceFor, complaintOf } from './fswebcam-failure.js';

export interface FswebcamSettings extends ShotOptions {
  /** A shot that takes longer is ended. fswebcam itself waits 10 s for a frame, and then says so. */
  readonly shotTimeoutMs: number;
  /** `fswebcam`, or the whole path of one: it runs in the shot's folder. */
  readonly program: string;
  /** Where each shot gets its folder: best in memory, as a service's runtime folder is. */
  readonly directory: string;
  readonly clock: Clock;
}

/** Relative to the shot's folder: no path of ours meets fswebcam's strftime or node-webcam's spaces. */
const shotName = 'shot.jpg';
/** fswebcam heeds SIGTERM only while it waits for a frame, and closes the camera at once then. */
const graceMs = 500;

/**
 * @throws {OperationalError} CAMERA when `directory` cannot be written
 * @throws {InvalidValue} for a device that the kind `device` refuses
 */
export async function openFswebcam(settings: FswebcamSettings): Promise<FrameSource> {
  const source = new Fswebcam(settings);
  try {
    await access(settings.directory, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw noFolder(settings.directory, cause);
  }
  return source;
}

class Fswebcam implements FrameSource {
  readonly name: string;
  readonly isPaced = true;
  readonly #settings: FswebcamSettings;
  readonly #args: readonly string[];
  /** Settles, whichever way, when the shot in hand and its folder are gone. */
  #shot: Promise<unknown> = Promise.resolve();

  constructor(settings: FswebcamSettings) {
    this.#settings = settings;
    this.#args = fswebcamArguments(settings, shotName);
    this.name = `fswebcam ${settings.device}`;
  }

  next(signal: AbortSignal): Promise<CapturedFrame> {
    const shot = this.#shoot(signal);
    this.#shot = shot.catch(() => undefined); // `shot` itself tells the caller
    return shot;
  }

  /** Waits for a shot in hand, which its signal or its time ends. */
  async close(): Promise<void> {
    await this.#shot;
  }

  async #shoot(signal: AbortSignal): Promise<CapturedFrame> {
    signal.throwIfAborted();
    const { directory, device, clock } = this.#settings;
    const folder = await mkdtemp(join(directory, 'picchanged-shot-')).catch((cause: unknown) => {
      throw noFolder(directory, cause);
    });
    try {
      const result = await this.#run(folder, signal);
      // The moment when fswebcam was done: some tens of milliseconds after the camera gave the frame.
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
        // Its complaints in English: `adviceFor` reads them.
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
        isMissing ? `there is no program ${program}` : `cannot start ${program}`,
        { cause, ...(isMissing && { hint: 'install it: sudo apt-get install fswebcam' }) },
      );
    }
  }

  async #read(folder: string, result: ProgramResult): Promise<Buffer> {
    const { device, directory, shotTimeoutMs } = this.#settings;
    if (result.isTimedOut) {
      const limit = formatDuration(shotTimeoutMs);
      throw await this.#failure(`was not done with a shot from ${device} after ${limit}`, result);
    }
    if (result.exitCode !== 0) throw await this.#failure(`broke down on ${device}`, result);
    const jpeg = await readIfThere(join(folder, shotName));
    if (jpeg === undefined) throw await this.#failure(`took no picture from ${device}`, result);
    const damage = findJpegDamage(jpeg);
    if (damage === undefined) return jpeg;
    throw new OperationalError(
      'FRAME',
      `fswebcam wrote a damaged picture from ${device}: ${damage}`,
      { hint: `it does not notice a full disk: is there room in ${directory}?` },
    );
  }

  async #failure(what: string, result: ProgramResult): Promise<OperationalError> {
    const complaint = complaintOf(result.stderrTail);
    const hint = adviceFor(complaint, this.#settings.device, await listCameras());
    const said = complaint === '' ? 'it said nothing' : `it said: ${complaint}`;
    return new OperationalError('CAMERA', `fswebcam ${what} (${describeEnd(result)}); ${said}`, {
      ...(hint !== undefined && { hint }),
    });
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function listCameras(): Promise<string[]> {
  const names = await readdir('/dev');
  return names
    .filter((name) => /^video\d+$/.test(name))
    .sort()
    .map((name) => `/dev/${name}`);
}

function noFolder(directory: string, cause: unknown): OperationalError {
  return new OperationalError('CAMERA', `cannot make a folder for shots in ${directory}`, {
    cause,
    hint: 'let this user write there, or set TMPDIR to a folder where it may',
  });
}
