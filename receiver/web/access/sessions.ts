/**
 * Sessions of the viewer, in memory. A browser has a random token in a cookie, and this process only its hash. A session
 * ends with the line that it was opened with. Pure.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Role } from '../api-types.js';
import type { PasswordLine } from './password-lines.js';
import type { Passwords } from './password-file.js';

const dayMs = 86_400_000;
const [idleMs, longestMs] = [7 * dayMs, 30 * dayMs];
/** Of one name, and of all; the one that was used longest ago ends. */
const [maxOfName, maxSessions] = [32, 1024];
export const longestSessionS = longestMs / 1000;

interface Session {
  readonly line: PasswordLine;
  readonly sinceMs: number;
  usedMs: number;
}

export class Sessions {
  /** By hash of the token, the one that was used last at the end. */
  readonly #sessions = new Map<string, Session>();

  get size(): number {
    return this.#sessions.size;
  }

  /** @returns the token */
  open(line: PasswordLine, nowMs: number): string {
    const own = [...this.#sessions].filter(([, session]) => session.line.name === line.name);
    if (own.length >= maxOfName) this.#end(own[0]?.[0]);
    else if (this.#sessions.size >= maxSessions) this.#end([...this.#sessions.keys()][0]);
    const token = randomBytes(32).toString('base64url');
    this.#sessions.set(keyOf(token), { line, sinceMs: nowMs, usedMs: nowMs });
    return token;
  }

  /** @returns undefined: there is none, or it has ended */
  find(
    token: string,
    passwords: Passwords,
    nowMs: number,
  ): { readonly name: string; readonly role: Role } | undefined {
    const key = keyOf(token);
    const session = this.#sessions.get(key);
    if (session === undefined) return undefined;
    const { line, sinceMs, usedMs } = session;
    const present = passwords.get(line.name);
    const isSame = present?.hash === line.hash && present.role === line.role;
    this.#sessions.delete(key);
    if (!isSame || nowMs - sinceMs >= longestMs || nowMs - usedMs >= idleMs) return undefined;
    session.usedMs = nowMs;
    this.#sessions.set(key, session);
    return line;
  }

  close(token: string): void {
    this.#end(keyOf(token));
  }

  #end(key: string | undefined): void {
    if (key !== undefined) this.#sessions.delete(key);
  }
}

/** A look-up by the hash takes no time that depends on how much of a token was guessed. */
function keyOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
