/** Parameters of a request, checked. Pure. */
import { HttpError } from './answers.js';

/** Times of a Date. */
const maxTimeMs = 8.64e15;

export class Parameters {
  readonly #values: URLSearchParams;

  constructor(values: URLSearchParams) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** @throws {HttpError} 400: it is missing, or does not match */
  text(name: string, pattern: RegExp, what: string): string {
    const text = this.#values.get(name);
    if (text === null) throw badRequest(`the parameter ${name} is missing: ${what}`);
    if (!pattern.test(text)) throw badRequest(`${name}=${text.slice(0, 100)} is not ${what}`);
    return text;
  }

  camera(): string {
    return this.text('camera', /^[a-z0-9][a-z0-9-]{0,62}$/, 'the name of a camera');
  }

  /** Milliseconds since 1970 UTC. */
  time(name: string): number {
    const ms = Number(this.text(name, /^-?\d{1,16}$/, 'a time in milliseconds since 1970 UTC'));
    if (Math.abs(ms) > maxTimeMs) throw badRequest(`${name}=${ms} is not a time`);
    return ms;
  }

  /** A whole number. */
  number(name: string, least: number, most: number, otherwise?: number): number {
    if (otherwise !== undefined && !this.has(name)) return otherwise;
    const what = `a whole number from ${least} to ${most}`;
    const number = Number(this.text(name, /^\d{1,15}$/, what));
    if (number < least || number > most) throw badRequest(`${name}=${number} is not ${what}`);
    return number;
  }

  day(name: string): string {
    return this.text(name, /^\d{4}-\d\d-\d\d$/, 'a day, such as 2026-11-22');
  }
}

export const badRequest = (message: string): HttpError =>
  new HttpError(400, 'bad-request', message);
