/**
 * The paired mark: a file outside of the state directory that records that its agent is paired. When the disk of the
 * state directory is not mounted, the keys are missing; without the mark the agent would connect unencrypted, as one
 * that was never paired. The file is `paired/<name>-<hash>` in the user's configuration directory, or in
 * /etc/picchanged for services.
 */
import { createHash, randomUUID } from 'node:crypto';
import { chmod, lstat, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { Environment } from '../../../shared/cli/command.js';
import { makeDirectories, replaceFile, writeNewFile } from '../../../shared/files/durable-file.js';
import { isAbsent } from '../../../shared/files/if-exists.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import { systemScope, userScope } from '../../../shared/setup/install/scope.js';

export interface PairedMarkSettings {
  /** `--paired` */
  readonly isRequired: boolean;
  /** Replaces /etc/picchanged, for tests. */
  readonly systemFolder?: string;
}

/** Unencrypted connections are not allowed. */
export interface EncryptionRequirement {
  readonly reason: string;
  /** What the user does to allow unencrypted connections again; an imperative clause. */
  readonly howToLift: string;
}

export class PairedMark {
  readonly #state: string;
  readonly #isRequired: boolean;
  readonly #userPath: string;
  readonly #systemPath: string;

  constructor(state: string, env: Environment, settings: PairedMarkSettings) {
    this.#state = resolve(state);
    this.#isRequired = settings.isRequired;
    const hash = createHash('sha256').update(this.#state).digest('hex').slice(0, 16);
    const name = join('paired', `${basename(this.#state)}-${hash}`);
    const { settingsFolder } = userScope({ ...env, HOME: env.HOME || homedir() });
    this.#userPath = join(settingsFolder, name);
    this.#systemPath = join(settings.systemFolder ?? systemScope.settingsFolder, name);
  }

  /**
   * @returns undefined: there is no mark, and the settings do not require encryption
   * @throws {OperationalError} KEYS: the mark's folder cannot be read
   */
  async requirement(): Promise<EncryptionRequirement | undefined> {
    if (this.#isRequired) {
      return {
        reason: 'AGENT_PAIRED or --paired is set',
        howToLift: 'remove AGENT_PAIRED or --paired',
      };
    }
    const path = await this.#find();
    if (path === undefined) return undefined;
    return { reason: `${path} exists`, howToLift: `remove ${path}` };
  }

  /** @returns the path of the mark @throws a system error: it was not written */
  async make(): Promise<string> {
    const path = (await this.#isOfService()) ? this.#systemPath : this.#userPath;
    await this.#makeAt(path);
    return path;
  }

  /** Writes the mark of an agent that an earlier version, without marks, has paired. @throws a system error */
  async makeMissing(): Promise<void> {
    if ((await this.#find()) === undefined) await this.#makeAt(this.#userPath);
  }

  async #find(): Promise<string | undefined> {
    for (const path of [this.#userPath, this.#systemPath]) {
      try {
        await lstat(path);
        return path;
      } catch (cause) {
        // EACCES in the home directory (ProtectHome=) is no error: the mark of a service is not there.
        if (isAbsent(cause) || path === this.#userPath) continue;
        throw new OperationalError('KEYS', `cannot check whether this agent is paired`, {
          cause,
          hint: "give the agent's user access to this folder: sudo chmod o+x",
        });
      }
    }
    return undefined;
  }

  /** True when root pairs for another user's agent: that user cannot read root's configuration directory. */
  async #isOfService(): Promise<boolean> {
    if (process.geteuid?.() !== 0) return false;
    if (this.#state.startsWith(`${systemScope.stateFolder ?? ''}/`)) return true;
    return (await stat(this.#state)).uid !== 0;
  }

  async #makeAt(path: string): Promise<void> {
    const folder = join(path, '..');
    await makeDirectories(folder, 0o755);
    const text =
      `The agent with the state directory ${this.#state} is paired. While this file exists, the agent\n` +
      'does not connect unencrypted, even when its keys are missing.\n';
    await chmod(folder, 0o755); // independent of the umask
    await replaceFile(path, join(folder, `.${randomUUID()}.part`), (part) =>
      writeNewFile(part, text, { mode: 0o644 }),
    );
  }
}
