/** `receiver verify`: whether all that is recorded is there, unchanged and signed. */
import { isatty } from 'node:tty';
import { systemClock } from '../../shared/clock.js';
import { writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { OperationalError, UsageError, systemCode } from '../../shared/cli/errors.js';
import { flag, list, value } from '../../shared/cli/option-table.js';
import { scopeFor } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import { KeyFolder } from '../access/keys/key-folder.js';
import { keysPath } from '../access/keys/keys-path.js';
import { folderName } from '../archive/report-options.js';
import { CapturesSource } from '../archive/verify/captures-source.js';
import type { VerifySource } from '../archive/verify/day-folder.js';
import type { Finding, FindingKind } from '../archive/verify/findings.js';
import { findingText } from '../archive/verify/findings.js';
import { knownKeys } from '../archive/verify/known-keys.js';
import { ProgressBar } from '../archive/verify/progress-bar.js';
import { type CameraResult, verifyCaptures } from '../archive/verify/verify-captures.js';
import { type Since, keyFile, since } from '../archive/verify/verify-options.js';
import {
  cameraJson,
  cameraText,
  findingJson,
  meaningsText,
} from '../archive/verify/verify-text.js';
import { receiverProgram } from '../options.js';
import { capturesFor } from '../setup/installed.js';
import { Folder } from '../store/folder.js';

export const verifyProgram = {
  name: 'receiver',
  table: {
    dir: receiverProgram.table.dir,
    keys: receiverProgram.table.keys,
    camera: value(
      folderName,
      'Only this camera, by the name of its folder. Without it: each camera.',
    ),
    since: value(
      since,
      "Only days since then, and older days that something was added to: a time before now, or a day or time of the camera's own clock.",
    ),
    key: list(
      keyFile,
      "The public key of a camera's signatures, for a machine without the receiver's keys, or an earlier key of the camera.",
    ),
    user: flag("The captures of the receiver of this user's systemd instance, not the system's."),
    json: flag('Print a line of JSON for each finding and for each camera.'),
    help: flag('Show this help.'),
  },
} as const;

const usage = `receiver verify [--dir DIR] [--camera NAME] [--since MOMENT|DURATION] [--key CAMERA=FILE] [--json]

Checks that every recorded frame is there with its size and its SHA-256, that every signature holds, that no entry is
missing, and that lines and files are where they belong. Reads only; a receiver may run meanwhile.
Exit code 0: all as recorded; 1: there are findings; 2: wrong usage; 3: something could not be read.

`;

/**
 * @throws {UsageError}
 * @throws {OperationalError} VERIFY: there are findings; UNREADABLE: something could not be read; KEYS
 */
export const run = defineCommand({
  program: verifyProgram,
  usage,
  async run({ options: { user }, env, optionsWith }) {
    const scope = scopeFor(user, env);
    const settings = await readInstalledSettings(scope, 'receiver');
    const options = optionsWith(settings.variables);
    const dir = await capturesFor(options.dir, scope);
    if (settings.status === 'hidden' && options.keys === undefined && options.key.length === 0) {
      throw new OperationalError(
        'UNREADABLE',
        `this user may not read ${settings.path}, which names the keys`,
        {
          hint: 'sudo receiver verify',
        },
      );
    }
    const keys = await knownKeys(new KeyFolder(keysPath(options.keys, env)), options.key);
    await inCaptures(dir, async (root) => {
      const sinceMs = sinceMsOf(options.since);
      const all = new CapturesSource(root);
      const source = new CapturesSource(root, sinceMs);
      const cameras = choose(await source.cameras(), options.camera, dir);
      const output = new Output(options.json, await progressFor(source, cameras));
      await verifyCaptures(
        {
          ...{ source, keys, cameras, isPart: false },
          since: sinceMs === undefined ? undefined : { atMs: sinceMs, all },
          nowMs: () => systemClock.nowMs(),
          sleep: (ms) => systemClock.sleep(ms),
          onFinding: (finding) => output.finding(finding),
          onBytes: (bytes) => output.progress?.add(bytes),
        },
        (result) => output.camera(result),
      );
      output.end(dir);
    });
  },
});

/** @throws {OperationalError} UNREADABLE */
async function inCaptures(dir: string, work: (root: Folder) => Promise<void>): Promise<void> {
  let root: Folder;
  try {
    root = await Folder.open(dir);
  } catch (cause) {
    const isDenied = systemCode(cause) === 'EACCES';
    const hint = isDenied ? 'sudo receiver verify' : 'name the captures directory: --dir DIR';
    throw new OperationalError('UNREADABLE', `cannot read ${dir}`, { cause, hint });
  }
  try {
    await work(root);
  } catch (cause) {
    if (cause instanceof OperationalError || systemCode(cause) === undefined) throw cause;
    throw new OperationalError('UNREADABLE', `cannot read ${dir}`, { cause });
  } finally {
    await root.close();
  }
}

function sinceMsOf(given: Since | undefined): number | undefined {
  if (given === undefined) return undefined;
  if ('agoMs' in given) return systemClock.nowMs() - given.agoMs;
  // Zones are up to fourteen hours ahead: rather a day too many.
  return given.localMs - 14 * 3_600_000;
}

/** @throws {UsageError} the camera has no folder */
function choose(
  names: readonly string[],
  camera: string | undefined,
  dir: string,
): readonly string[] {
  if (camera === undefined) return names;
  if (names.includes(camera)) return [camera];
  const hint = names.length === 0 ? 'none has sent anything yet' : `cameras: ${names.join(' ')}`;
  throw new UsageError(`camera ${camera} has sent nothing to ${dir}`, { hint });
}

/** @returns undefined: standard error is no terminal */
async function progressFor(
  source: VerifySource,
  cameras: readonly string[],
): Promise<ProgressBar | undefined> {
  if (!isatty(2)) return undefined;
  let totalBytes = 0;
  for (const camera of cameras) {
    await source.days(
      camera,
      async (day) => {
        for await (const name of day.names()) {
          if (name.endsWith('.jpg')) totalBytes += day.look(name)?.bytes ?? 0;
        }
      },
      () => undefined,
    );
  }
  return new ProgressBar((text) => writeTo(2, text), systemClock, totalBytes);
}

class Output {
  readonly progress: ProgressBar | undefined;
  readonly #isJson: boolean;
  readonly #kinds = new Set<FindingKind>();
  #cameras = 0;
  #faults = 0;
  #unreadable = 0;

  constructor(isJson: boolean, progress: ProgressBar | undefined) {
    this.#isJson = isJson;
    this.progress = progress;
  }

  finding(finding: Finding): void {
    this.#kinds.add(finding.kind);
    this.#write(this.#isJson ? JSON.stringify(findingJson(finding)) : findingText(finding));
  }

  camera(result: CameraResult): void {
    this.#cameras += 1;
    this.#faults += result.faults;
    this.#unreadable += result.unreadable;
    const text = this.#isJson ? JSON.stringify(cameraJson(result)) : cameraText(result).trimEnd();
    this.#write(text);
  }

  /** @throws {OperationalError} VERIFY, UNREADABLE */
  end(dir: string): void {
    this.progress?.clear();
    if (!this.#isJson) writeTo(1, meaningsText(this.#kinds));
    if (this.#cameras === 0 && !this.#isJson)
      writeTo(1, `no camera has sent anything to ${dir} yet\n`);
    const [faults, unreadable] = [this.#faults, this.#unreadable];
    if (faults > 0) {
      const findings = `${faults} ${faults === 1 ? 'finding' : 'findings'}`;
      throw new OperationalError('VERIFY', `${findings} in ${dir}`, {
        hint: 'keep a copy of the directory as it is; docs/verify.md explains each finding',
      });
    }
    if (unreadable > 0) {
      throw new OperationalError(
        'UNREADABLE',
        `${unreadable} files or folders in ${dir} cannot be checked`,
        {
          hint: "run it as the receiver's user or with sudo",
        },
      );
    }
  }

  #write(line: string): void {
    this.progress?.clear();
    writeTo(1, `${line}\n`);
  }
}
