/** Sessions, and their file where there is one: saved when one begins or ends, and now and then for their use. */
import type { Clock } from '../../../shared/clock.js';
import type { Passwords } from './password-file.js';
import type { PasswordLine } from './password-lines.js';
import type { SessionFile } from './session-file.js';
import { Sessions } from './sessions.js';

/** A killed process forgets so much of a session's use. */
const saveUseEveryMs = 10 * 60_000;

export class KeptSessions {
  readonly #sessions: Sessions;
  readonly #file: SessionFile | undefined;
  readonly #clock: Clock;
  #savedAtMs: number;
  /** One at a time, in order. */
  #saving: Promise<void> = Promise.resolve();

  private constructor(sessions: Sessions, file: SessionFile | undefined, clock: Clock) {
    this.#sessions = sessions;
    this.#file = file;
    this.#clock = clock;
    this.#savedAtMs = clock.monotonicMs();
  }

  /** @param file undefined: sessions end with the process */
  static async open(file: SessionFile | undefined, clock: Clock): Promise<KeptSessions> {
    const saved = (await file?.load()) ?? [];
    return new KeptSessions(new Sessions(saved, clock.monotonicMs()), file, clock);
  }

  /** @returns the token */
  async begin(line: PasswordLine): Promise<string> {
    const token = this.#sessions.open(line, this.#clock.monotonicMs());
    await this.save();
    return token;
  }

  find(token: string, passwords: Passwords): PasswordLine | undefined {
    const nowMs = this.#clock.monotonicMs();
    const { size } = this.#sessions;
    const found = this.#sessions.find(token, passwords, nowMs);
    const hasEnded = this.#sessions.size !== size;
    if (hasEnded || nowMs - this.#savedAtMs >= saveUseEveryMs) void this.save();
    return found;
  }

  async end(tokens: readonly string[]): Promise<void> {
    const ended = tokens.filter((token) => this.#sessions.close(token));
    if (ended.length > 0) await this.save();
  }

  /** Never rejects for a disk that is full or read-only. */
  save(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return Promise.resolve();
    this.#savedAtMs = this.#clock.monotonicMs();
    this.#saving = this.#saving.then(() =>
      file.save(this.#sessions.saved(this.#clock.monotonicMs())),
    );
    return this.#saving;
  }
}
