/** Who may see and do what: the port that the server asks for each request. */
import type { IncomingMessage } from 'node:http';
import type { Role, SessionAnswer } from '../api-types.js';

export interface WebAccess {
  /** Null: the request needs a password. @throws {HttpError} it is refused whatever it has */
  roleOf(request: IncomingMessage): Promise<Role | null>;
  /** @throws {HttpError} as `roleOf` */
  sessionOf(request: IncomingMessage): Promise<SessionAnswer>;
  /**
   * @returns the value of `Set-Cookie`
   * @throws {HttpError} a wrong password, too many attempts, or no password is set
   */
  enter(request: IncomingMessage, body: unknown): Promise<string>;
  /** @returns the value of `Set-Cookie` */
  leave(request: IncomingMessage): Promise<string>;
  /** The viewer ends. */
  close(): Promise<void>;
}
