/**
 * Settings that belong to one source: install refuses them for another source, and removes those that an earlier
 * source has left. Pure.
 */
import { UsageError } from '../../../shared/cli/errors.js';
import { flagName, variableName } from '../../../shared/cli/option-table.js';
import { withoutPasswords } from '../../../shared/cli/without-passwords.js';
import type { SettingChanges } from '../../../shared/setup/install/environment-file.js';
import type { SourceChoice } from '../../source/source-choice.js';
import type { Mode } from './agent-plan.js';

type SourceKind = SourceChoice['kind'];
type Variables = Readonly<Record<string, string | undefined>>;

/** By source, the options that not every source uses. `command` is the program after `--`. */
export const optionsOfSource: Readonly<Record<SourceKind, readonly string[]>> = {
  fswebcam: ['device', 'resolution', 'skip', 'quality'],
  command: ['command'],
  folder: ['recursive', 'consume', 'yes'],
  http: ['sourceCredentials'],
  rtsp: ['sourceCredentials'],
  file: [],
  scene: ['seed'],
};

/** By mode, the options that its units decide: a setting would contradict them. */
const optionsOfUnits: Readonly<Record<Mode['kind'], readonly string[]>> = {
  watch: [],
  timer: [],
  path: ['source', 'interval'],
  plug: ['source', 'device', 'camera'],
};

/** The source of a mode whose units name it; undefined: the settings name it. */
export function sourceOfMode({ kind }: Mode): SourceKind | undefined {
  if (kind === 'path') return 'file';
  return kind === 'plug' ? 'fswebcam' : undefined;
}

export interface SourceFit {
  /** Removals of what does not belong to the source. */
  readonly removed: SettingChanges;
  /** A sentence for each. */
  readonly notes: readonly string[];
}

/**
 * @param given changes of this install @param installed variables of the settings file
 * @throws {UsageError} an option of another source is given, or a command is missing
 */
export function fitToSource(
  mode: Mode,
  source: SourceKind,
  given: SettingChanges,
  installed: Variables,
): SourceFit {
  const removed: Record<string, undefined> = {};
  const notes: string[] = [];
  const remove = (key: string, reason: string): void => {
    const name = variableName('agent', key);
    if (installed[name] === undefined || name in removed) return;
    removed[name] = undefined;
    notes.push(
      `${name}=${withoutPasswords(installed[name])} is removed from the settings: ${reason}`,
    );
  };
  for (const [owner, keys] of Object.entries(optionsOfSource)) {
    for (const key of keys) {
      if (optionsOfSource[source].includes(key)) continue;
      if (given[variableName('agent', key)] !== undefined) throw foreignOption(key, owner, source);
      remove(key, `it belongs to --source ${valueOf(owner)}`);
    }
  }
  for (const key of optionsOfUnits[mode.kind]) remove(key, `the units of --${mode.kind} set it`);
  const command = { ...installed, ...given }.AGENT_COMMAND;
  if (source === 'command' && !command) {
    throw new UsageError('--source command needs a command after --', {
      hint: 'for example: --source command -- rpicam-vid --codec mjpeg --timeout 0 -o -',
    });
  }
  return { removed, notes };
}

/** What `--source` is given for a kind of source. */
function valueOf(kind: string): string {
  return kind === 'http' || kind === 'rtsp' ? 'http://… or rtsp://…' : kind;
}

function foreignOption(key: string, owner: string, source: string): UsageError {
  const option = key === 'command' ? 'a command after --' : `--${flagName(key)}`;
  const value = valueOf(owner);
  return new UsageError(`${option} belongs to --source ${value}; the source is ${source}`, {
    hint: `add --source ${value}, or leave it out`,
  });
}
