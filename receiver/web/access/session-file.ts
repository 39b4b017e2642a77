/**
 * Sessions that outlive the process: a viewer that systemd starts ends when no page is open. The file has hashes of
 * tokens, no tokens. What cannot be read are no sessions: everyone gives the password again.
 */
import { constants } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import * as v from 'valibot';
import { systemCode } from '../../../shared/cli/errors.js';
import type { Log } from '../../../shared/cli/log.js';
import { RepeatingErrorLog } from '../../../shared/cli/repeating-error-log.js';
import type { Clock } from '../../../shared/clock.js';
import { replaceFile, writeNewFile } from '../../../shared/files/durable-file.js';
import { type SavedSession, maxSessions } from './sessions.js';

const digest = v.pipe(v.string(), v.regex(/^[\w-]{43}$/));
const duration = v.pipe(v.number(), v.minValue(0));
const schema = v.object({
  version: v.literal(1),
  /** Milliseconds since 1970 UTC. */
  savedAt: v.number(),
  sessions: v.pipe(
    v.array(
      v.object({
        ...{ key: digest, name: v.pipe(v.string(), v.maxLength(100)), line: digest },
        ...{ ageMs: duration, idleMs: duration },
      }),
    ),
    v.maxLength(maxSessions),
  ),
});
const maxBytes = 1024 * 1024;

export class SessionFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #errors: RepeatingErrorLog;

  constructor(path: string, clock: Clock, log: Log) {
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
    this.#errors = new RepeatingErrorLog(log, clock);
  }

  /** Never rejects for what is in the file, or is not there. */
  async load(): Promise<SavedSession[]> {
    try {
      const text = await this.#read();
      if (text === undefined) return [];
      const { savedAt, sessions } = v.parse(schema, JSON.parse(text));
      // When the clock was set back, the time between is not known.
      const sinceMs = Math.max(0, this.#clock.nowMs() - savedAt);
      return sessions.map((each) => ({
        ...each,
        ageMs: each.ageMs + sinceMs,
        idleMs: each.idleMs + sinceMs,
      }));
    } catch (error) {
      const file = this.#path;
      this.#log.warn('cannot read the sessions: each name gives its password again', {
        file,
        error,
      });
      return [];
    }
  }

  /** Whole or not at all. A failure is logged; then no file remains, which could have ended sessions. */
  async save(sessions: readonly SavedSession[]): Promise<void> {
    const part = `${this.#path}.part`;
    const text = JSON.stringify({ version: 1, savedAt: this.#clock.nowMs(), sessions });
    try {
      await rm(part, { force: true }); // left by a killed process
      await replaceFile(this.#path, part, () => writeNewFile(part, `${text}\n`, { mode: 0o600 }));
      this.#errors.worked('saved the sessions again');
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      this.#errors.failed('cannot save the sessions: they end with this process', error);
      await rm(this.#path, { force: true }).catch(() => undefined);
    }
  }

  /** @returns undefined: there is no file @throws a system error; Error: it may be of another user */
  async #read(): Promise<string | undefined> {
    let file;
    try {
      const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
      file = await open(this.#path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
    try {
      const found = await file.stat();
      const { mode, uid, size } = found;
      if (!found.isFile() || size > maxBytes) throw new Error('it is not a file of sessions');
      if (uid !== process.geteuid?.() || (mode & 0o077) !== 0) {
        throw new Error('another user may have written it');
      }
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  }
}
