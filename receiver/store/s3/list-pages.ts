/**
 * Checks that the pages of a list go on. What reads a list relies on its order, and misses objects where it is another one.
 * Pure.
 */
import type { ListPage, ListedObject } from './s3-answers.js';

const end = '</ListBucketResult>';

export class ListPages {
  readonly #start: string;
  readonly #tokens = new Set<string>();
  #lastKey = '';
  #lastPrefix = '';

  /** @param start of all keys in the list */
  constructor(start: string) {
    this.#start = start;
  }

  /** @returns the page, without keys that the page before has had @throws {Error} it does not go on there */
  next(page: ListPage, xml: string): ListPage {
    if (!xml.trimEnd().endsWith(end)) throw new Error('the list is cut off');
    if (page.next !== undefined) {
      if (this.#tokens.has(page.next)) {
        throw new Error('the list does not go on: a page names one before it as its next page');
      }
      this.#tokens.add(page.next);
    }
    const objects = page.objects.filter((each) => this.#isNew(each));
    const prefixes = page.prefixes.filter((each) => {
      if (each === this.#lastPrefix) return false;
      this.#check(each, this.#lastPrefix);
      this.#lastPrefix = each;
      return true;
    });
    return { ...page, objects, prefixes };
  }

  #isNew({ key, modifiedAtMs }: ListedObject): boolean {
    if (key === this.#lastKey) return false;
    this.#check(key, this.#lastKey);
    if (!Number.isFinite(modifiedAtMs)) throw new Error(`the list has no time of ${key}`);
    this.#lastKey = key;
    return true;
  }

  #check(key: string, last: string): void {
    if (!key.startsWith(this.#start)) {
      throw new Error(`a list of ${this.#start}… has ${key}`);
    }
    // The order of UTF-8 is that of UTF-16 for most keys.
    if (key < last && Buffer.compare(Buffer.from(key), Buffer.from(last)) < 0) {
      throw new Error(`the list is not in the order of its keys: ${key} is after ${last}`);
    }
  }
}
