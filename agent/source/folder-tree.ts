/**
 * Watches a directory and, where that is wanted, its subfolders: dated folders of IP cameras, which appear while the
 * agent runs. Names are relative to the directory. Folders that begin with a dot and symbolic links are not followed.
 */
import { lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../../shared/clock.js';
import { OperationalError } from '../../shared/cli/errors.js';
import { isAbsent } from '../../shared/files/if-exists.js';
import { DirectoryWatch, checkMs, retryMs } from './directory-watch.js';

/** Deeper folders are not watched: a year, a month, a day and an hour are four. */
const maxDepth = 10;
/** Subfolders that are compared with their watch at each check; the root is compared at every check. */
const comparedPerCheck = 20;

export interface FolderTreeSettings {
  readonly directory: string;
  readonly clock: Clock;
  readonly isRecursive: boolean;
  /** By the name alone: other files are ignored. */
  readonly wants: (name: string) => boolean;
  readonly onName: (path: string) => void;
  /** A subfolder is gone: so are its files. */
  readonly onRemoved: (folder: string) => void;
  /** The directory has subfolders that are not looked into; called once. */
  readonly onIgnored: (folder: string) => void;
  /** A subfolder to be watched cannot be named. */
  readonly onUnreadable: (folder: string) => void;
}

/** Whether bytes of a name are not UTF-8: Node puts this character in their place, and finds no such file. */
export const isNoUtf8 = (name: string): boolean => name.includes('\ufffd');

export class FolderTree {
  readonly #settings: FolderTreeSettings;
  readonly #root: DirectoryWatch;
  /** By relative path; in the order in which they are compared next. */
  readonly #below = new Map<string, DirectoryWatch>();
  /** Those that are or were watched, and are not known to be gone. */
  readonly #watched = new Set<string>();
  /** Relative paths that may be subfolders that appeared or went. */
  readonly #candidates = new Set<string>();
  /** Subfolders that cannot be watched, with the monotonic time of the next attempt. */
  readonly #failed = new Map<string, number>();
  #checkAtMs = 0;
  #isIgnoredReported = false;

  private constructor(settings: FolderTreeSettings, root: DirectoryWatch) {
    this.#settings = settings;
    this.#root = root;
  }

  /** @throws as `DirectoryWatch.open`; a subfolder that cannot be watched is reported by `check` */
  static async open(settings: FolderTreeSettings): Promise<FolderTree> {
    // Names that the watch of the root reports before the tree exists are found by its first listing.
    const trees: FolderTree[] = [];
    const root = await DirectoryWatch.open({
      directory: settings.directory,
      clock: settings.clock,
      wants: isVisible,
      onName: (name) => trees[0]?.reported(name),
    });
    const tree = new FolderTree(settings, root);
    trees.push(tree);
    await tree.#findFolders('');
    for (const path of tree.#candidates) {
      await tree.#examine(path, false).catch(() => tree.#failed.set(path, 0));
      tree.#candidates.delete(path);
    }
    return tree;
  }

  get isWatching(): boolean {
    return this.#root.isWatching;
  }

  /** The wanted files that exist now, below all watched folders. */
  async names(): Promise<string[]> {
    const found = (await this.#root.names()).filter(this.#settings.wants);
    for (const [folder, watch] of this.#below) {
      // A folder that went meanwhile has no files.
      for (const name of await watch.names().catch(() => [])) {
        if (this.#settings.wants(name)) found.push(join(folder, name));
      }
    }
    return found;
  }

  /**
   * To be called often; see `DirectoryWatch.check`.
   * @throws {OperationalError} CAMERA: the directory is missing or cannot be watched. FRAME: a subfolder cannot be
   *   watched; once for each
   */
  async check(): Promise<boolean> {
    const isRestarted = await this.#root.check();
    for (const path of this.#candidates) {
      this.#candidates.delete(path);
      await this.#examine(path, true);
    }
    const nowMs = this.#settings.clock.monotonicMs();
    if (nowMs < this.#checkAtMs) return isRestarted;
    this.#checkAtMs = nowMs + checkMs;
    if (isRestarted) for (const folder of this.#below.keys()) this.#candidates.add(folder);
    await this.#compareSome();
    for (const [path, atMs] of this.#failed) if (nowMs >= atMs) this.#candidates.add(path);
    return isRestarted;
  }

  /** Reports new files of the folder of `path` now. */
  async reportNew(path: string): Promise<void> {
    const folder = dirname(path);
    await (folder === '.' ? this.#root : this.#below.get(folder))?.reportNew();
  }

  close(): void {
    this.#root.close();
    for (const watch of this.#below.values()) watch.close();
    this.#below.clear();
  }

  reported(path: string): void {
    const { wants, onName } = this.#settings;
    if (wants(path.slice(path.lastIndexOf('/') + 1))) onName(path);
    else if (!this.#isIgnoredReported) this.#candidates.add(path);
  }

  /** Notes the subfolders of a folder as candidates. */
  async #findFolders(folder: string): Promise<void> {
    const path = join(this.#settings.directory, folder);
    const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isDirectory() || !isVisible(entry.name) || this.#settings.wants(entry.name))
        continue;
      this.reported(join(folder, entry.name));
      if (this.#settings.isRecursive && isNoUtf8(entry.name)) {
        this.#settings.onUnreadable(join(folder, entry.name));
      }
    }
  }

  /** @param isNew its files were written while the tree was watched */
  async #examine(folder: string, isNew: boolean): Promise<void> {
    const { directory, isRecursive, onIgnored } = this.#settings;
    const isFolder = await lstat(join(directory, folder)).then(
      (stats) => stats.isDirectory(),
      (error: unknown) => !isAbsent(error),
    );
    if (!isFolder) this.#remove(folder);
    else if (!isRecursive) {
      if (!this.#isIgnoredReported) onIgnored(folder);
      this.#isIgnoredReported = true;
      this.#candidates.clear();
    } else if (!this.#below.has(folder) && folder.split('/').length <= maxDepth)
      await this.#watchFolder(folder, isNew);
  }

  async #watchFolder(folder: string, isNew: boolean): Promise<void> {
    const { directory, clock } = this.#settings;
    try {
      const watch = await DirectoryWatch.open({
        directory: join(directory, folder),
        clock,
        wants: isVisible,
        onName: (name) => this.reported(join(folder, name)),
      });
      this.#below.set(folder, watch);
      this.#watched.add(folder);
      this.#failed.delete(folder);
      await this.#findFolders(folder);
      if (isNew) for (const name of await watch.names()) this.reported(join(folder, name));
    } catch (cause) {
      const isKnown = this.#failed.has(folder);
      this.#failed.set(folder, clock.monotonicMs() + retryMs);
      if (isKnown) return;
      const hint = cause instanceof OperationalError ? cause.hint : undefined;
      throw new OperationalError('FRAME', `cannot watch the subfolder ${join(directory, folder)}`, {
        cause: cause instanceof OperationalError ? cause.cause : cause,
        ...(hint !== undefined && { hint }),
      });
    }
  }

  /** The folder is gone, with all below it. */
  #remove(folder: string): void {
    this.#failed.delete(folder);
    for (const path of this.#watched) {
      if (path !== folder && !path.startsWith(`${folder}/`)) continue;
      this.#unwatch(path);
      this.#watched.delete(path);
      this.#settings.onRemoved(path);
    }
  }

  #unwatch(folder: string): void {
    this.#below.get(folder)?.close();
    this.#below.delete(folder);
  }

  /** In turn: a year of dated folders costs no more than a few. */
  async #compareSome(): Promise<void> {
    for (const [folder, watch] of [...this.#below].slice(0, comparedPerCheck)) {
      this.#below.delete(folder);
      this.#below.set(folder, watch);
      // It went, its permissions changed, or its disk does not answer: it is examined again.
      await watch.check().catch(() => {
        this.#unwatch(folder);
        this.#candidates.add(folder);
      });
    }
  }
}

const isVisible = (name: string): boolean => !name.startsWith('.');
