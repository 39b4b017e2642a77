/**
 * That the agent of a state folder is paired, remembered outside of that folder: when its disk is not mounted the
 * keys are gone, and an agent without keys would take itself for one that was never paired and speak in the clear.
 * The mark is a file `paired/<name>-<hash>` in the user's configuration folder, or in /etc/picchanged for services.
 */
import { createHash } from 'node:crypto';
import { chmod, lstat, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { Environment } from '../../../shared/cli/command.js';
import { flushToDisk, makeDirectories } from '../../../shared/files/durable-file.js';
import { OperationalError, systemCode } from '../../../shared/cli/errors.js';
import { systemScope, userScope } from '../../../shared/setup/install/scope.js';

export interface PairedMarkSettings {
  /** `--paired` */
  readonly isAsked: boolean;
  /** The system's configuration, when it is not in its place. */
  readonly systemFolder?: string;
}

/** Why it may not speak in the clear, and how that is taken back. */
export interface Pledge {
  readonly why: string;
  readonly wayBack: string;
}

export class PairedMark {
  readonly #state: string;
  readonly #isAsked: boolean;
  readonly #ownPath: string;
  readonly #systemPath: string;

  constructor(state: string, env: Environment, settings: PairedMarkSettings) {
    this.#state = resolve(state);
    this.#isAsked = settings.isAsked;
    const hash = createHash('sha256').update(this.#state).digest('hex').slice(0, 16);
    const name = join('paired', `${basename(this.#state)}-${hash}`);
    const { settingsFolder } = userScope({ ...env, HOME: env.HOME || homedir() });
    this.#ownPath = join(settingsFolder, name);
    this.#systemPath = join(settings.systemFolder ?? systemScope.settingsFolder, name);
  }

  /**
   * @returns undefined: nothing says that it was ever paired
   * @throws {OperationalError} KEYS: that cannot be told
   */
  async pledge(): Promise<Pledge | undefined> {
    if (this.#isAsked) {
      return {
        why: 'AGENT_PAIRED or --paired says that it is',
        wayBack: 'take AGENT_PAIRED or --paired away',
      };
    }
    const path = await this.#find();
    return path === undefined ? undefined : { why: `${path} says so`, wayBack: `remove ${path}` };
  }

  /** @returns where it is @throws a system error: it is not kept */
  async make(): Promise<string> {
    const path = (await this.#isOfService()) ? this.#systemPath : this.#ownPath;
    await this.#makeAt(path);
    return path;
  }

  /** For an agent that has keys and no mark, of a version before there were marks. @throws a system error */
  async makeMissing(): Promise<void> {
    if ((await this.#find()) === undefined) await this.#makeAt(this.#ownPath);
  }

  async #find(): Promise<string | undefined> {
    for (const path of [this.#ownPath, this.#systemPath]) {
      try {
        await lstat(path);
        return path;
      } catch (cause) {
        const code = systemCode(cause) ?? '';
        // A home that may not be entered (ProtectHome=) is not where a service's mark was made.
        if (['ENOENT', 'ENOTDIR'].includes(code) || path === this.#ownPath) continue;
        throw new OperationalError('KEYS', `cannot tell whether this agent is paired`, {
          cause,
          hint: "let the agent's user enter that folder: sudo chmod o+x",
        });
      }
    }
    return undefined;
  }

  /** What root pairs for another user, that user's agent must see. */
  async #isOfService(): Promise<boolean> {
    if (process.geteuid?.() !== 0) return false;
    if (this.#state.startsWith(`${systemScope.stateFolder ?? ''}/`)) return true;
    return (await stat(this.#state)).uid !== 0;
  }

  async #makeAt(path: string): Promise<void> {
    const folder = join(path, '..');
    await makeDirectories(folder, 0o755);
    const text =
      `The agent whose state folder is ${this.#state} is paired. While this file is there, it does not\n` +
      'speak in the clear, also when its keys are gone.\n';
    await writeFile(path, text);
    await chmod(path, 0o644); // whatever the umask is
    await chmod(folder, 0o755);
    await flushToDisk(path);
    await flushToDisk(folder);
  }
}
