/** Access by name and password: sessions in cookies, from a password file. */
import type { IncomingMessage } from 'node:http';
import * as v from 'valibot';
import type { Clock } from '../../../shared/clock.js';
import type { Log } from '../../../shared/cli/log.js';
import { RepeatingErrorLog } from '../../../shared/cli/repeating-error-log.js';
import type { Role, SessionAnswer } from '../api-types.js';
import { HttpError } from '../server/answers.js';
import { badRequest } from '../server/parameters.js';
import type { WebAccess } from '../server/web-access.js';
import type { Proxies } from './client-address.js';
import { GuessLimiter } from './guess-limiter.js';
import type { PasswordFile, Passwords } from './password-file.js';
import { PasswordChecks } from './password-hash.js';
import type { KeptSessions } from './kept-sessions.js';
import { cookieFor, tokensIn } from './session-cookie.js';
import { longestSessionS } from './sessions.js';

export interface PasswordAccessParts {
  readonly file: PasswordFile;
  readonly proxies: Proxies;
  readonly sessions: KeptSessions;
  readonly clock: Clock;
  readonly log: Log;
  readonly checks?: PasswordChecks;
}

const entrySchema = v.object({
  name: v.pipe(v.string(), v.maxLength(100)),
  password: v.pipe(v.string(), v.maxLength(1000)),
});

export class PasswordAccess implements WebAccess {
  readonly #parts: PasswordAccessParts;
  readonly #checks: PasswordChecks;
  readonly #guesses = new GuessLimiter();
  readonly #errors: RepeatingErrorLog;
  readonly #refusals: RepeatingErrorLog;

  constructor(parts: PasswordAccessParts) {
    this.#parts = parts;
    this.#checks = parts.checks ?? new PasswordChecks();
    this.#errors = new RepeatingErrorLog(parts.log, parts.clock);
    this.#refusals = new RepeatingErrorLog(parts.log, parts.clock);
  }

  async roleOf(request: IncomingMessage): Promise<Role | null> {
    return (await this.#find(request))?.role ?? null;
  }

  async sessionOf(request: IncomingMessage): Promise<SessionAnswer> {
    const found = await this.#find(request);
    const isUnencrypted = !this.#parts.proxies.clientOf(request).isPrivate;
    const { role = null, name = null } = found ?? {};
    return { role, name, hasPassword: true, isUnencrypted };
  }

  async enter(request: IncomingMessage, body: unknown): Promise<string> {
    const read = v.safeParse(entrySchema, body);
    if (!read.success) throw badRequest('a session needs a name and a password');
    const { name, password } = read.output;
    const client = this.#parts.proxies.clientOf(request);
    const passwords = await this.#passwords();
    const now = (): number => this.#parts.clock.monotonicMs();
    const waitMs = this.#guesses.begin(client.address, now());
    if (waitMs > 0) throw tooMany(waitMs);
    const line = passwords.get(name);
    const isRight = await this.#checks.matches(password, line?.hash);
    if (isRight === undefined) {
      this.#guesses.withdrawn(client.address);
      throw new HttpError(503, 'busy', 'many passwords are being checked: try again in a moment', {
        'retry-after': '2',
      });
    }
    if (!isRight || line === undefined) {
      this.#refusals.failed('refused a wrong name or password', client.address);
      throw new HttpError(401, 'password-needed', 'the name or the password is wrong');
    }
    // Not more: a user with a password of their own could guess others' between two entries.
    this.#guesses.withdrawn(client.address);
    // One browser has one session.
    await this.#parts.sessions.end(tokensIn(request));
    this.#parts.log.info('opened a session', { name, from: client.address });
    const token = await this.#parts.sessions.begin(line);
    return cookieFor(request, token, { maxAgeS: longestSessionS, isHttps: client.isHttps });
  }

  async leave(request: IncomingMessage): Promise<string> {
    await this.#parts.sessions.end(tokensIn(request));
    const { isHttps } = this.#parts.proxies.clientOf(request);
    return cookieFor(request, '', { maxAgeS: 0, isHttps });
  }

  async close(): Promise<void> {
    await this.#parts.sessions.save();
  }

  async #find(request: IncomingMessage) {
    const passwords = await this.#passwords();
    for (const token of tokensIn(request)) {
      const found = this.#parts.sessions.find(token, passwords);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** @throws {HttpError} 503 */
  async #passwords(): Promise<Passwords> {
    try {
      const passwords = await this.#parts.file.current();
      this.#errors.worked('read the password file again');
      return passwords;
    } catch (error) {
      this.#errors.failed('admits no name', error);
      const message = 'the password file cannot be read: the log of the viewer says why';
      throw new HttpError(503, 'busy', message);
    }
  }
}

function tooMany(waitMs: number): HttpError {
  const seconds = Math.ceil(waitMs / 1000);
  const message = `too many wrong passwords came from this address: try again in ${seconds} s`;
  return new HttpError(429, 'too-many', message, { 'retry-after': String(seconds) });
}
