/**
 * Sessions of the viewer, in memory. A browser has a random token in a cookie, and this process only its hash. A session
 * ends with the line of the password file that it was opened with. Pure.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { PasswordLine } from './password-lines.js';
import type { Passwords } from './password-file.js';

const dayMs = 86_400_000;
const [idleMs, longestMs] = [7 * dayMs, 30 * dayMs];
/** Of one name, and of all; the one that was used longest ago ends. */
const maxOfName = 32;
export const maxSessions = 1024;
export const longestSessionS = longestMs / 1000;

interface Session {
  readonly name: string;
  /** Digest of the line. */
  readonly line: string;
  readonly sinceMs: number;
  usedMs: number;
}

/** A session outside of this process: by ages, since another process has another monotonic clock. */
export interface SavedSession {
  /** Hash of the token. */
  readonly key: string;
  readonly name: string;
  readonly line: string;
  readonly ageMs: number;
  readonly idleMs: number;
}

export class Sessions {
  /** By hash of the token, the one that was used last at the end. */
  readonly #sessions = new Map<string, Session>();

  /** @param saved of an earlier process, the one that was used last at the end */
  constructor(saved: readonly SavedSession[] = [], nowMs = 0) {
    for (const { key, name, line, ageMs, idleMs: unusedMs } of saved) {
      this.#sessions.set(key, { name, line, sinceMs: nowMs - ageMs, usedMs: nowMs - unusedMs });
    }
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Those that have not ended by their age. */
  saved(nowMs: number): SavedSession[] {
    return [...this.#sessions]
      .map(([key, { name, line, sinceMs, usedMs }]) => {
        return { key, name, line, ageMs: nowMs - sinceMs, idleMs: nowMs - usedMs };
      })
      .filter((each) => each.ageMs < longestMs && each.idleMs < idleMs);
  }

  /** @returns the token */
  open(line: PasswordLine, nowMs: number): string {
    const own = [...this.#sessions].filter(([, session]) => session.name === line.name);
    if (own.length >= maxOfName) this.#end(own[0]?.[0]);
    else if (this.#sessions.size >= maxSessions) this.#end([...this.#sessions.keys()][0]);
    const token = randomBytes(32).toString('base64url');
    const session = { name: line.name, line: digestOf(line), sinceMs: nowMs, usedMs: nowMs };
    this.#sessions.set(keyOf(token), session);
    return token;
  }

  /** @returns undefined: there is none, or it has ended */
  find(token: string, passwords: Passwords, nowMs: number): PasswordLine | undefined {
    const key = keyOf(token);
    const session = this.#sessions.get(key);
    if (session === undefined) return undefined;
    const { name, line, sinceMs, usedMs } = session;
    const present = passwords.get(name);
    this.#sessions.delete(key);
    if (present === undefined || digestOf(present) !== line) return undefined;
    if (nowMs - sinceMs >= longestMs || nowMs - usedMs >= idleMs) return undefined;
    session.usedMs = nowMs;
    this.#sessions.set(key, session);
    return present;
  }

  /** @returns whether there was one */
  close(token: string): boolean {
    return this.#end(keyOf(token));
  }

  #end(key: string | undefined): boolean {
    return key !== undefined && this.#sessions.delete(key);
  }
}

/** A look-up by the hash takes no time that depends on how much of a token was guessed. */
function keyOf(token: string): string {
  return digest(token);
}

/** Says whether a line is the same, and nothing of the hash of its password. */
function digestOf({ name, role, hash }: PasswordLine): string {
  return digest(`${name}:${role}:${hash}`);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
