/**
 * The folders of the captures directory, held open while frames are stored in them: opened through their parents'
 * handles, made when missing, closed some 100 ms after their last use, so that a disk can be unmounted. Before and
 * after the work each folder's place is checked: work in a folder that was moved, replaced or unmounted meanwhile
 * is repeated in the folder that has its place now.
 */
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { maxOpenFolders } from '../limits/receiver-limits.js';
import { Folder, openOrMake } from './folder.js';
import { allOrFirstError } from './all-or-first-error.js';

/** An unused folder stays open for at least this time: consecutive frames open it once. */
const idleMs = 50;
/** Attempts of one work while its folders are moved; more moves than that are not by chance. */
const maxAttempts = 3;
/** Folders remembered as having their name on the disk. */
const maxFlushedNames = 10_000;

interface Slot {
  /** Relative to the captures directory, which is ''. */
  readonly path: string;
  readonly name: string;
  readonly parent: Slot | undefined;
  readonly folder: Promise<Folder>;
  /** Running works, and open slots below it. */
  users: number;
  /** Number of the work that opened it. */
  readonly openedBy: number;
  /** True: new work opens a new slot. */
  isRetired: boolean;
  isClosing: boolean;
}

/** A folder is not where it was. */
class Displaced extends Error {}
/** There is no such folder, and the work does not make it. */
class Missing extends Error {}

export class CaptureFolders {
  readonly #directory: string;
  readonly #checkRoot: (root: Folder) => Promise<void>;
  readonly #slots = new Map<string, Slot>();
  /** Slots without users, least recently used first; those in `#idleBefore` are closed at the next sweep. */
  #idle = new Set<Slot>();
  #idleBefore = new Set<Slot>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #workCount = 0;
  /** Path and id of folders whose name was flushed. */
  readonly #flushedNames = new Set<string>();

  /** @param checkRoot throws when the captures directory was replaced; called before each work */
  constructor(directory: string, checkRoot: (root: Folder) => Promise<void>) {
    this.#directory = directory;
    this.#checkRoot = checkRoot;
  }

  /** Open folders. */
  get count(): number {
    return this.#slots.size;
  }

  /**
   * Runs work in folders, which are made when missing. When it resolves, the first folder was in its place after the
   * work.
   * @param paths relative to the captures directory, `yard/2026_11_22`; '' for itself
   * @throws what the work throws; {OperationalError} STORE: a folder is a link or a file, or is moved repeatedly
   */
  use<T>(
    paths: readonly string[],
    work: (...folders: readonly Folder[]) => Promise<T>,
  ): Promise<T> {
    return this.#use(paths, work, true);
  }

  /** As `use`, but does not make the first folder and those above it. @returns undefined when it is missing */
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

  /** Closes unused folders, and each of the others after its last use. */
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
        // A concurrent `useExisting` may have started to open the folder without making it.
        const isMissing = error instanceof Missing && makes;
        if (!isDisplaced && !isMissing && systemCode(error) !== 'ENOENT') throw error;
        if (attempt < maxAttempts) continue;
        if (!isDisplaced) throw error;
        throw new OperationalError('STORE', error.message, {
          hint: 'find out which program moves or replaces it while frames are stored in it',
        });
      }
    }
  }

  async #useOnce<T>(
    paths: readonly string[],
    work: (...folders: readonly Folder[]) => Promise<T>,
    makesFirst: boolean,
  ): Promise<T> {
    this.#workCount += 1;
    const workNumber = this.#workCount;
    const acquired: Slot[] = [];
    const acquire = (path: string, makes: boolean): Slot => {
      const slot = this.#acquire(path, makes);
      acquired.push(slot);
      return slot;
    };
    try {
      const root = acquire('', true);
      const rootFolder = await root.folder;
      // Before anything is made in it: an empty mount point stays empty.
      if (root.openedBy < workNumber) await checkPlace(root);
      await this.#checkRoot(rootFolder);
      const slots = paths.map((path, index) => acquire(path, makesFirst || index > 0));
      const folders = await allOrFirstError(slots.map(({ folder }) => folder));
      for (const slot of chainOf(slots)) {
        if (slot !== root && slot.openedBy < workNumber) await checkPlace(slot);
      }
      const result = await work(...folders);
      for (const slot of chainOf(slots.slice(0, 1))) await checkPlace(slot);
      return result;
    } catch (error) {
      const isMoved = error instanceof Displaced || systemCode(error) === 'ENOENT';
      if (isMoved) for (const slot of chainOf(acquired)) this.#retire(slot);
      throw error;
    } finally {
      for (const slot of acquired) this.#release(slot);
    }
  }

  #acquire(path: string, makes: boolean): Slot {
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
    const parent = path === '' ? undefined : this.#acquire(path.slice(0, Math.max(0, end)), makes);
    const folder =
      parent === undefined
        ? Folder.open(this.#directory)
        : parent.folder.then((above) => this.#openIn(above, path, name, makes));
    const slot: Slot = {
      ...{ path, name, parent, folder, openedBy: this.#workCount },
      ...{ users: 0, isRetired: false, isClosing: false },
    };
    folder.catch(() => {
      this.#retire(slot);
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
    if (!makes || this.#flushedNames.has(key)) return folder;
    try {
      // Its name is flushed before anything in it. Another process may have made it and not flushed it yet.
      await above.sync();
    } catch (error) {
      await folder.close();
      // After a failed flush the name is made anew: a second flush of it may succeed without writing it.
      if (found === undefined) await above.removeFolderIfEmpty(name);
      throw error;
    }
    if (this.#flushedNames.size >= maxFlushedNames) this.#flushedNames.clear();
    this.#flushedNames.add(key);
    return folder;
  }

  /** Retires a slot and those below it: their running works continue, new work opens new slots. */
  #retire(slot: Slot): void {
    for (const other of [...this.#slots.values()]) {
      if (!chainOf([other]).has(slot)) continue;
      this.#slots.delete(other.path);
      other.isRetired = true;
      if (other.users === 0) void this.#close(other);
    }
  }

  #release(slot: Slot): void {
    slot.users -= 1;
    if (slot.users > 0) return;
    if (slot.isRetired || this.#isClosed) {
      void this.#close(slot);
      return;
    }
    this.#idle.add(slot);
    if (this.#slots.size > maxOpenFolders) {
      const [oldest] = [...this.#idleBefore, ...this.#idle];
      if (oldest !== undefined) void this.#close(oldest);
    }
    this.#timer ??= setTimeout(() => void this.#sweep(), idleMs).unref();
  }

  /** Resolves when the folder is closed. */
  #close(slot: Slot): Promise<void> {
    if (slot.isClosing) return Promise.resolve();
    slot.isClosing = true;
    this.#idle.delete(slot);
    this.#idleBefore.delete(slot);
    if (this.#slots.get(slot.path) === slot) this.#slots.delete(slot.path);
    // It could not be opened, or is closed already.
    const closing = slot.folder.then((folder) => folder.close()).catch(() => undefined);
    if (slot.parent !== undefined) this.#release(slot.parent);
    return closing;
  }

  async #sweep(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const closing = [...this.#idleBefore].map((slot) => this.#close(slot));
    this.#idleBefore = this.#idle;
    this.#idle = new Set();
    if (this.#idleBefore.size > 0 && !this.#isClosed) {
      this.#timer ??= setTimeout(() => void this.#sweep(), idleMs).unref();
    }
    await Promise.all(closing);
  }
}

/** @throws {Displaced} */
async function checkPlace({ parent, name, folder }: Slot): Promise<void> {
  const self = await folder;
  const isThere = parent === undefined ? self.isInPlace() : (await parent.folder).holds(name, self);
  if (!isThere) throw new Displaced(`${self.path} was moved or replaced`);
}

/** Slots and all their parents. */
function chainOf(slots: readonly Slot[]): Set<Slot> {
  const chain = new Set<Slot>();
  for (const slot of slots) {
    for (let at: Slot | undefined = slot; at !== undefined; at = at.parent) chain.add(at);
  }
  return chain;
}
