/** Opens the source that `--source` names. Each is loaded only when it is used: a one-shot run starts often. */
import type { Clock } from '../../shared/clock.js';
import { UsageError } from '../../shared/cli/errors.js';
import type { ShotOptions } from './shot-options.js';
import type { FrameSource } from './frame-source.js';
import type { SourceChoice } from './source-choice.js';

export interface SourceSettings extends ShotOptions {
  readonly choice: SourceChoice;
  /** What followed `--`; only the source `command` takes one. */
  readonly command: readonly string[] | undefined;
  readonly shotTimeoutMs: number;
  readonly maxFrameBytes: number;
  readonly seed: number;
  /** One frame is wanted, then the process ends. */
  readonly once: boolean;
  /** Where shots lie for a moment: in memory, where the system offers it. */
  readonly temporaryDirectory: string;
  readonly clock: Clock;
  /** A file that is there already counts as written. */
  readonly wantsExisting: boolean;
  /** By sources that wait for a frame, told of every look that found no frame; `isQuiet`: nothing is being written either. */
  readonly onLooked: (isQuiet: boolean) => void;
}

/** @throws {UsageError} the settings do not fit together @throws {OperationalError} CAMERA */
export async function openSource(settings: SourceSettings): Promise<FrameSource> {
  const { choice, clock, maxFrameBytes, shotTimeoutMs, onLooked } = settings;
  if (settings.command !== undefined && choice.kind !== 'command') {
    throw new UsageError('a command after -- needs --source command');
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
    case 'folder': {
      if (settings.once) {
        throw new UsageError('--once cannot wait for a folder: watch one file with file:PATH');
      }
      const { openFolder } = await import('./folder.js');
      return openFolder({ directory: choice.path, clock, maxFrameBytes, onLooked });
    }
    case 'file': {
      const { openFile } = await import('./file.js');
      return openFile({
        path: choice.path,
        clock,
        maxFrameBytes,
        onLooked,
        wantsExisting: settings.wantsExisting,
        wantsMore: !settings.once,
        settleTimeoutMs: shotTimeoutMs,
      });
    }
    case 'scene': {
      const { openScene } = await import('./scene/scene.js');
      // A run for one frame finds the scene where the clock on the wall has taken it.
      const sceneTime = settings.once && { sceneTimeMs: () => clock.nowMs() };
      return openScene({ seed: settings.seed, clock, ...sceneTime });
    }
  }
}

/** Reads `$AGENT_COMMAND`, a JSON array of strings: an environment has no words. @throws {UsageError} */
export function readCommandVariable(text: string | undefined): readonly string[] | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const wrong = new UsageError(
    `AGENT_COMMAND '${text}': write a JSON array: ["rpicam-vid", "-o", "-"]`,
  );
  let words: unknown;
  try {
    words = JSON.parse(text);
  } catch {
    throw wrong;
  }
  if (!Array.isArray(words) || !words.every((word) => typeof word === 'string')) throw wrong;
  return words;
}
