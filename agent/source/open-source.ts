/** Opens the source of `--source`. A source's module is loaded only when it is used: one-shot runs start often. */
import type { Clock } from '../../shared/clock.js';
import type { Log } from '../../shared/cli/log.js';
import { UsageError } from '../../shared/cli/errors.js';
import type { ConsumedFiles } from './consumed-files.js';
import type { ShotOptions } from './shot-options.js';
import type { FrameSource, PollObserver } from './frame-source.js';
import type { SourceChoice } from './source-choice.js';

export interface SourceSettings extends ShotOptions {
  readonly choice: SourceChoice;
  /** Program and arguments after `--`; for the source `command` only. */
  readonly command: readonly string[] | undefined;
  readonly shotTimeoutMs: number;
  /** `--interval`; undefined: it is not given. */
  readonly intervalMs: number | undefined;
  readonly maxFrameBytes: number;
  /** For the source `folder` only. */
  readonly isRecursive: boolean;
  /** For the source `folder` only. */
  readonly consumes: boolean;
  /** Where `consumes`, for a source that stays open. */
  readonly consumed?: ConsumedFiles | undefined;
  /** `--source-credentials`; for an IP camera only. */
  readonly credentialsFile: string | undefined;
  /** `$CREDENTIALS_DIRECTORY`. */
  readonly credentialsDirectory: string | undefined;
  /** The service manager ends the programs of a source when the agent is killed. */
  readonly isService: boolean;
  readonly seed: number;
  /** One frame is taken, then the process ends. */
  readonly once: boolean;
  /** Folder for temporary files of shots: in memory, where the system has one. */
  readonly temporaryDirectory: string;
  readonly clock: Clock;
  /** An existing file counts as a new version. */
  readonly wantsExisting: boolean;
  readonly observer?: PollObserver | undefined;
  readonly log?: Log | undefined;
}

/** @throws {UsageError} the settings do not fit together @throws {OperationalError} CAMERA */
export async function openSource(settings: SourceSettings): Promise<FrameSource> {
  const { choice, clock, maxFrameBytes, shotTimeoutMs, observer } = settings;
  if (settings.command !== undefined && choice.kind !== 'command') {
    throw new UsageError('a command after -- requires --source command');
  }
  for (const flag of ['recursive', 'consume'] as const) {
    if (choice.kind === 'folder' || !settings[flag === 'consume' ? 'consumes' : 'isRecursive'])
      continue;
    throw new UsageError(`--${flag} works with --source folder:DIR only`);
  }
  const isCamera = choice.kind === 'http' || choice.kind === 'rtsp';
  if (settings.credentialsFile !== undefined && !isCamera) {
    throw new UsageError(
      '--source-credentials works with --source http://CAMERA/PATH and rtsp://CAMERA/PATH only',
    );
  }
  switch (choice.kind) {
    case 'fswebcam': {
      const { openFswebcam } = await import('./fswebcam.js');
      const directory = settings.temporaryDirectory;
      return openFswebcam({ ...settings, program: 'fswebcam', directory });
    }
    case 'command': {
      const { openCommand } = await import('./command.js');
      const command = settings.command ?? [];
      return openCommand({ command, clock, maxFrameBytes, quietTimeoutMs: shotTimeoutMs });
    }
    case 'http': {
      const { openHttpCamera } = await import('./http-camera.js');
      const { cameraAddress } = await import('./camera-address.js');
      const { credentialsFile, credentialsDirectory } = settings;
      const address = await cameraAddress(choice.address, credentialsFile, credentialsDirectory);
      return openHttpCamera({ address, clock, maxFrameBytes, quietTimeoutMs: shotTimeoutMs });
    }
    case 'rtsp': {
      const { openRtspCamera } = await import('./rtsp-camera.js');
      const { cameraAddress } = await import('./camera-address.js');
      const { credentialsFile, credentialsDirectory, intervalMs, isService } = settings;
      const address = await cameraAddress(choice.address, credentialsFile, credentialsDirectory);
      const limits = { clock, maxFrameBytes, quietTimeoutMs: shotTimeoutMs };
      return openRtspCamera({ ...limits, address, intervalMs, isService });
    }
    case 'folder': {
      if (settings.once) {
        throw new UsageError('--once cannot be combined with folder:DIR', {
          hint: 'use --source file:PATH for one file',
        });
      }
      const { openFolder } = await import('./folder.js');
      const { isRecursive, consumed, log } = settings;
      const directory = choice.path;
      return openFolder({ directory, clock, maxFrameBytes, observer, isRecursive, consumed, log });
    }
    case 'file': {
      const { openFile } = await import('./file.js');
      return openFile({
        path: choice.path,
        clock,
        maxFrameBytes,
        observer,
        wantsExisting: settings.wantsExisting,
        wantsMore: !settings.once,
        stabilityTimeoutMs: shotTimeoutMs,
      });
    }
    case 'scene': {
      const { openScene } = await import('./scene/scene.js');
      // One-shot runs use the wall clock as scene time, so that the scene moves from run to run.
      const sceneTime = settings.once && { sceneTimeMs: () => clock.nowMs() };
      return openScene({ seed: settings.seed, clock, ...sceneTime });
    }
  }
}

/** Parses `$AGENT_COMMAND`, a JSON array of strings. @throws {UsageError} */
export function readCommandVariable(text: string | undefined): readonly string[] | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const invalid = new UsageError(`AGENT_COMMAND '${text}' is not a JSON array of strings`, {
    hint: 'for example ["rpicam-vid", "-o", "-"]',
  });
  let command: unknown;
  try {
    command = JSON.parse(text);
  } catch {
    throw invalid;
  }
  if (!Array.isArray(command) || !command.every((word) => typeof word === 'string')) throw invalid;
  return command;
}
