/** The token by which a scraper may read metrics: `Authorization: Bearer …` (RFC 6750). */
import { createHash, timingSafeEqual } from 'node:crypto';
import { UsageError } from '../../shared/cli/errors.js';

const minLength = 16;

export class BearerToken {
  readonly #hash: Buffer;

  /** @param token @param source for messages @throws {UsageError} it is short, or cannot stand in a header */
  constructor(token: string, source: string) {
    if (!/^[\w.~+/=-]*$/.test(token) || token.length < minLength) {
      throw new UsageError(
        `the token in ${source} must have ${minLength} or more letters, digits and -._~+/=`,
        { hint: `make one: openssl rand -hex 32 > ${source}` },
      );
    }
    this.#hash = hashOf(token);
  }

  /** Takes the same time for each wrong token. @param header `Authorization` */
  matches(header: string | undefined): boolean {
    const [, token = ''] = /^Bearer +(\S+)$/i.exec(header ?? '') ?? [];
    return timingSafeEqual(hashOf(token), this.#hash);
  }
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();
