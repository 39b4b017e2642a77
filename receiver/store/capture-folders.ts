/**
 * The folders of the captures directory, held open while frames are stored in them: opened by their parents'
 * handles, made when they are missing, closed a moment after they were last needed, so that a disk can be
 * unmounted. Before and after the work each is looked for in its place: what was done in a folder that was
 * moved, replaced or unmounted meanwhile is done again, in the one that is there now.
 */
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { maxOpenFolders } from '../limits/receiver-limits.js';
import { Folder, openOrMake } from './folder.js';
import { CoalescedTask } from './coalesced-task.js';
import { allOrFirstError } from './all-or-first-error.js';

/** For so long at least a folder stays open that nobody needs: frames in a row open it once. */
const lingerMs = 50;
/** How often work begins anew because a folder moved under it: beyond that somebody does it on purpose. */
const maxAttempts = 3;
/** Folders whose name is known to be on the disk. */
const maxKnown = 10_000;

interface Slot {
  /** Relative to the captures directory, which is ''. */
  readonly path: string;
  readonly name: string;
  readonly parent: Slot | undefined;
  readonly folder: Promise<Folder>;
  readonly checks: CoalescedTask;
  /** Work, and open folders in it. */
  users: number;
  /** The work that it was opened for, counted. */
  readonly turn: number;
  /** It is not to be used any more. */
  isDropped: boolean;
  isEnded: boolean;
}

/** A folder is not where it was. */
class Displaced extends Error {}
/** There is no such folder, and it was not to be made. */
class Missing extends Error {}

export class CaptureFolders {
  readonly #directory: string;
  readonly #checkRoot: (root: Folder) => Promise<void>;
  readonly #slots = new Map<string, Slot>();
  /** Slots without users, the one used longest ago first; those in `#idleBefore` are closed at the next sweep. */
  #idle = new Set<Slot>();
  #idleBefore = new Set<Slot>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #turn = 0;
  /** Path and id of folders whose name was flushed. */
  readonly #known = new Set<string>();

  /** @param checkRoot throws when the captures directory is another one; asked before each work */
  constructor(directory: string, checkRoot: (root: Folder) => Promise<void>) {
    this.#directory = directory;
    this.#checkRoot = checkRoot;
  }

  /** How many are open. */
  get count(): number {
    return this.#slots.size;
  }

  /**
   * Does work in folders, which are made when they are missing. The first is in its place when it is done.
   * @param paths relative to the captures directory, `yard/2026_11_22`; '' for itself
   * @throws what the work throws; {OperationalError} STORE: a folder is a link, a file, or does not stay
   */
  use<T>(
    paths: readonly string[],
    work: (...folders: readonly Folder[]) => Promise<T>,
  ): Promise<T> {
    return this.#use(paths, work, true);
  }

  /** As `use`, but does not make the first folder, nor what is above it. @returns undefined when it is missing */
  async useExisting<T>(
    paths: readonly string[],
    work: (...folders: readonly Folder[]) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await this.#use(paths, work, false);
    } catch (error) {
      if (error instanceof Missing) return undefined;
      throw error;
    }
  }

  /** Closes what nobody uses, and the rest when it is not used any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#sweep();
    await this.#sweep();
  }

  async #use<T>(
    paths: readonly string[],
    work: (...folders: readonly Folder[]) => Promise<T>,
    makes: boolean,
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#useOnce(paths, work, makes);
      } catch (error) {
        const isDisplaced = error instanceof Displaced;
        // Somebody who only looks may have begun to open what is to be made.
        const isMissing = error instanceof Missing && makes;
        if (!isDisplaced && !isMissing && systemCode(error) !== 'ENOENT') throw error;
        if (attempt < maxAttempts) continue;
        if (!isDisplaced) throw error;
        throw new OperationalError('STORE', error.message, {
          hint: 'it was moved or replaced while frames were stored in it: find out by whom',
        });
      }
    }
  }

  async #useOnce<T>(
    paths: readonly string[],
    work: (...folders: readonly Folder[]) => Promise<T>,
    makesFirst: boolean,
  ): Promise<T> {
    this.#turn += 1;
    const turn = this.#turn;
    const held: Slot[] = [];
    const hold = (path: string, makes: boolean): Slot => {
      const slot = this.#hold(path, makes);
      held.push(slot);
      return slot;
    };
    try {
      const root = hold('', true);
      const rootFolder = await root.folder;
      // Before anything is made in it: an empty mount point stays empty.
      await allOrFirstError([
        root.turn < turn ? root.checks.join() : undefined,
        this.#checkRoot(rootFolder),
      ]);
      const slots = paths.map((path, index) => hold(path, makesFirst || index > 0));
      const folders = await allOrFirstError(slots.map(({ folder }) => folder));
      const old = [...chainOf(slots)].filter((slot) => slot !== root && slot.turn < turn);
      await allOrFirstError(old.map(({ checks }) => checks.join()));
      const result = await work(...folders);
      await allOrFirstError([...chainOf(slots.slice(0, 1))].map(({ checks }) => checks.join()));
      return result;
    } catch (error) {
      const isAway = error instanceof Displaced || systemCode(error) === 'ENOENT';
      if (isAway) for (const slot of chainOf(held)) this.#drop(slot);
      throw error;
    } finally {
      for (const slot of held) this.#release(slot);
    }
  }

  #hold(path: string, makes: boolean): Slot {
    let slot = this.#slots.get(path);
    if (slot === undefined) {
      slot = this.#open(path, makes);
      this.#slots.set(path, slot);
    }
    this.#idle.delete(slot);
    this.#idleBefore.delete(slot);
    slot.users += 1;
    return slot;
  }

  #open(path: string, makes: boolean): Slot {
    const end = path.lastIndexOf('/');
    const name = path.slice(end + 1);
    const parent = path === '' ? undefined : this.#hold(path.slice(0, Math.max(0, end)), makes);
    const folder =
      parent === undefined
        ? Folder.open(this.#directory)
        : parent.folder.then((above) => this.#openIn(above, path, name, makes));
    const checks = new CoalescedTask(() => this.#check(slot));
    const slot: Slot = {
      ...{ path, name, parent, folder, checks, turn: this.#turn },
      ...{ users: 0, isDropped: false, isEnded: false },
    };
    folder.catch(() => {
      this.#drop(slot);
    });
    return slot;
  }

  async #openIn(above: Folder, path: string, name: string, makes: boolean): Promise<Folder> {
    const found = await above.openFolder(name);
    if (found === undefined && !makes) {
      throw new Missing(`there is no ${above.path}/${name}`);
    }
    const folder = found ?? (await openOrMake(above, name));
    const key = `${path} ${folder.id}`;
    if (!makes || this.#known.has(key)) return folder;
    try {
      // Its name comes before anything in it. Another process may have made it and not flushed it yet.
      await above.sync();
    } catch (error) {
      await folder.close();
      // What failed to be flushed is made anew the next time, not flushed again.
      if (found === undefined) await above.removeFolderIfEmpty(name);
      throw error;
    }
    if (this.#known.size >= maxKnown) this.#known.clear();
    this.#known.add(key);
    return folder;
  }

  async #check({ parent, name, folder }: Slot): Promise<void> {
    const self = await folder;
    const isThere =
      parent === undefined ? await self.isInPlace() : await (await parent.folder).holds(name, self);
    if (!isThere) throw new Displaced(`${self.path} is not the folder that it was`);
  }

  /** Takes a slot, and what is below it, out of use; whoever uses them now goes on. */
  #drop(slot: Slot): void {
    for (const each of [...this.#slots.values()]) {
      if (!chainOf([each]).has(slot)) continue;
      this.#slots.delete(each.path);
      each.isDropped = true;
      if (each.users === 0) void this.#end(each);
    }
  }

  #release(slot: Slot): void {
    slot.users -= 1;
    if (slot.users > 0) return;
    if (slot.isDropped || this.#isClosed) {
      void this.#end(slot);
      return;
    }
    this.#idle.add(slot);
    if (this.#slots.size > maxOpenFolders) {
      const [oldest] = [...this.#idleBefore, ...this.#idle];
      if (oldest !== undefined) void this.#end(oldest);
    }
    this.#timer ??= setTimeout(() => void this.#sweep(), lingerMs).unref();
  }

  /** @returns when it is closed */
  #end(slot: Slot): Promise<void> {
    if (slot.isEnded) return Promise.resolve();
    slot.isEnded = true;
    this.#idle.delete(slot);
    this.#idleBefore.delete(slot);
    if (this.#slots.get(slot.path) === slot) this.#slots.delete(slot.path);
    // A folder that could not be opened, or is closed already, needs no closing.
    const closing = slot.folder.then((folder) => folder.close()).catch(() => undefined);
    if (slot.parent !== undefined) this.#release(slot.parent);
    return closing;
  }

  async #sweep(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const closing = [...this.#idleBefore].map((slot) => this.#end(slot));
    this.#idleBefore = this.#idle;
    this.#idle = new Set();
    if (this.#idleBefore.size > 0 && !this.#isClosed) {
      this.#timer ??= setTimeout(() => void this.#sweep(), lingerMs).unref();
    }
    await Promise.all(closing);
  }
}

/** Slots, and those above them. */
function chainOf(slots: readonly Slot[]): Set<Slot> {
  const chain = new Set<Slot>();
  for (const slot of slots) {
    for (let at: Slot | undefined = slot; at !== undefined; at = at.parent) chain.add(at);
  }
  return chain;
}
