/**
 * Hashes of passwords by scrypt (RFC 7914), as text in the PHC string format. At most two are computed at a time, in
 * Node's thread pool: each takes 16 MiB and some tenths of a second of a processor.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** One cost for all hashes: an unknown name takes as long as a known one. N = 2^14, r = 8, p = 5 (OWASP). */
const cost = { N: 2 ** 14, r: 8, p: 5, maxmem: 64 * 2 ** 20 };
const prefix = '$scrypt$ln=14,r=8,p=5$';
const [saltBytes, keyBytes] = [16, 32];
/** 16 and 32 bytes in base64 without padding. */
const hashPattern = /^\$scrypt\$ln=14,r=8,p=5\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

const maxRunning = 2;
const maxWaiting = 16;

export function isPasswordHash(text: string): boolean {
  return hashPattern.test(text);
}

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  return `${prefix}${unpadded(salt)}$${unpadded(await derive(password, salt))}`;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}

/** A keyboard may send a letter with an accent in two ways: one form of both. */
function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, keyBytes, cost, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

/** Checks passwords; of a flood of attempts only some wait. */
export class PasswordChecks {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #derive: typeof derive;
  /** Hash of no password: for names that do not exist. */
  readonly #none = `${prefix}${unpadded(randomBytes(saltBytes))}$${unpadded(randomBytes(keyBytes))}`;

  constructor(deriveKey = derive) {
    this.#derive = deriveKey;
  }

  /**
   * @param hash undefined: the name does not exist; the check takes as long, and fails
   * @returns undefined: too many others wait
   */
  async matches(password: string, hash: string | undefined): Promise<boolean | undefined> {
    if (this.#running >= maxRunning) {
      if (this.#waiting.length >= maxWaiting) return undefined;
      // The one that ends hands its place over.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running += 1;
    try {
      const [, salt = '', key = ''] = hashPattern.exec(hash ?? this.#none) ?? [];
      const derived = await this.#derive(password, Buffer.from(salt, 'base64'));
      const isEqual = timingSafeEqual(derived, Buffer.from(key, 'base64'));
      return isEqual && hash !== undefined;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
