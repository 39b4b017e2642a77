/** Something that reads what others wrote: what it is like in order, and what must hold however it is harmed. */
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { InvalidValue } from '../../shared/cli/units.js';

export interface FuzzTarget {
  readonly name: string;
  /** Harmed inputs are made of these. */
  readonly corpus: readonly Buffer[];
  /** How often `npm test` tries it. */
  readonly runs: number;
  /**
   * @param directory an empty folder, for what reads files
   * @throws whatever breaks a rule
   */
  check(bytes: Buffer, directory: string): void | Promise<void>;
}

/** @throws {Error} a rule is broken */
export function must(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new Error(`not kept: ${rule}`);
}

/** What the work gives, or undefined where it says in its own words why not. @throws any other error */
export function orRefused<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    checkRefusal(error);
    return undefined;
  }
}

/** As `orRefused`, for what reads files: it may also pass a system error on. */
export async function orRefusedLater<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (/^E[A-Z]+$/.test(systemCode(error) ?? '')) return undefined;
    checkRefusal(error);
    return undefined;
  }
}

function checkRefusal(error: unknown): void {
  if (!(error instanceof OperationalError) && !(error instanceof InvalidValue)) throw error;
}

const prototypes = [Object, Array, Map, String, Function].map(
  ({ prototype }) => prototype as object,
);
const namesOf = (prototype: object): number => Object.getOwnPropertyNames(prototype).length;
const countsBefore = prototypes.map(namesOf);

/** JSON with keys named as prototypes are must not have given every object something. */
export function checkPrototypes(): void {
  const isSame = prototypes.every((prototype, nth) => namesOf(prototype) === countsBefore[nth]);
  must(isSame, 'no prototype is changed');
}
