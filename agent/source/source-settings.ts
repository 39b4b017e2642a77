/** Converts options to the settings of a source, for every command that opens one. */
import { tmpdir } from 'node:os';
import { systemClock } from '../../shared/clock.js';
import type { Environment } from '../../shared/cli/command.js';
import { type SourceSettings, readCommandVariable } from './open-source.js';
import type { ShotOptions } from './shot-options.js';
import type { SourceChoice } from './source-choice.js';

export interface SourceOptions extends ShotOptions {
  readonly source: SourceChoice;
  readonly shotTimeout: number;
  readonly interval: number | undefined;
  readonly maxFrame: number;
  readonly seed: number;
  readonly sourceCredentials: string | undefined;
  readonly once: boolean;
  readonly idleExit: number;
  readonly recursive: boolean;
  readonly consume: boolean;
}

/** @param command program and arguments after `--` @throws {UsageError} `$AGENT_COMMAND` is invalid */
export function sourceSettings(
  options: SourceOptions,
  command: readonly string[] | undefined,
  env: Environment,
): SourceSettings {
  return {
    choice: options.source,
    command: command ?? readCommandVariable(env.AGENT_COMMAND),
    device: options.device,
    resolution: options.resolution,
    skip: options.skip,
    quality: options.quality,
    shotTimeoutMs: options.shotTimeout,
    intervalMs: options.interval,
    maxFrameBytes: options.maxFrame,
    isRecursive: options.recursive,
    consumes: options.consume,
    credentialsFile: options.sourceCredentials,
    credentialsDirectory: env.CREDENTIALS_DIRECTORY,
    isService: Boolean(env.STATE_DIRECTORY),
    seed: options.seed,
    once: options.once,
    wantsExisting: options.once || options.idleExit > 0,
    temporaryDirectory: temporaryDirectory(env),
    clock: systemClock,
  };
}

/** `$RUNTIME_DIRECTORY` and `$XDG_RUNTIME_DIR` are in memory and spare an SD card. */
export function temporaryDirectory(env: Environment): string {
  return env.RUNTIME_DIRECTORY?.split(':')[0] || env.XDG_RUNTIME_DIR || tmpdir();
}
