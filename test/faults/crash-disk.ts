/**
 * What a disk may look like after a power cut: the operations of a program are applied to a model, and at any
 * moment the model gives the trees that a crash could leave. Pure.
 *
 * The model is as strict as POSIX allows, stricter than ext4: what was not flushed may be there or not. Bytes of a
 * file that were not flushed may be there, missing, there by half, or zeros. A name made, moved or removed in
 * a folder that was not flushed since may be so or not, each by itself; one rename within a folder is all or
 * nothing. Flushing a file does not flush its name. What was flushed is there.
 *
 * A flush that fails may leave what it was to write marked as written (Linux): a later flush, though it
 * succeeds, does not write it. Bytes reach the disk when they are written anew, names when they are made anew.
 */
import { posix } from 'node:path';
import { PagedFile } from './paged-file.js';
import type { Operation } from './strace-log.js';

/** By path below the root, the bytes of each file. */
export type Tree = ReadonlyMap<string, Buffer>;

type File = PagedFile;
interface Folder {
  readonly kind: 'folder';
  readonly entries: Map<string, File | Folder>;
  readonly flushed: Map<string, File | Folder>;
}
/** One step that a crash undoes or not as a whole. */
interface Change {
  readonly folder: Folder;
  readonly names: readonly (readonly [name: string, node: File | Folder | undefined])[];
  /** A flush of it has failed: the next does not write it. */
  isDropped: boolean;
}

/** Changes that are done or undone one by one; what is older was so at an earlier moment. */
const changesTriedSingly = 8;
type Damage = (file: File) => Buffer;
const damages: readonly Damage[] = [
  ({ bytes }) => bytes,
  ({ flushed }) => flushed,
  ({ bytes, flushed }) =>
    bytes.subarray(0, flushed.length + Math.ceil((bytes.length - flushed.length) / 2)),
  ({ bytes, flushed }) => Buffer.concat([flushed, Buffer.alloc(bytes.length)], bytes.length),
];

export class CrashDisk {
  readonly #rootPath: string;
  readonly #root: Folder = newFolder();
  readonly #hasBlocks: boolean;
  #pending: Change[] = [];

  /**
   * @param rootPath a folder that is empty and on the disk
   * @param hasBlocks true: a change of a folder after a failed flush has the next one write its other names too, as
   *   file systems do that write a folder by blocks; false: only names that are made anew
   */
  constructor(rootPath: string, hasBlocks = false) {
    this.#rootPath = rootPath;
    this.#hasBlocks = hasBlocks;
  }

  /** Files that are on the disk at the start. */
  give(files: Tree): void {
    for (const [path, bytes] of files) {
      const file = new PagedFile();
      file.write(bytes, 0);
      file.flush();
      let folder = this.#root;
      for (const name of path.split('/').slice(0, -1)) {
        const known = folder.entries.get(name);
        const next = known?.kind === 'folder' ? known : newFolder();
        keepIn(folder, name, next);
        folder = next;
      }
      keepIn(folder, baseOf(path), file);
    }
  }

  /** @returns false when it changes nothing of this disk */
  apply(operation: Operation): boolean {
    switch (operation.kind) {
      case 'said':
      case 'heard':
        return false;
      case 'link':
        return this.#move(operation.from, operation.to, false);
      case 'rename':
        return this.#move(operation.from, operation.to, true);
      case 'mkdir':
        return this.#add(operation.path, newFolder());
      case 'unlink':
        return this.#change(this.#parent(operation.path), [[baseOf(operation.path), undefined]]);
      case 'flush':
        return this.#flush(this.#find(operation.path));
      case 'failed-flush':
        return this.#failToFlush(this.#find(operation.path));
      case 'open':
        return this.#open(operation.path, operation.truncates);
      case 'copy': {
        const [source, target] = [this.#find(operation.from), this.#find(operation.to)];
        if (source?.kind !== 'file' || target?.kind !== 'file') return false;
        const at = target.bytes.length;
        const copied = source.bytes.subarray(at, at + operation.length);
        target.write(copied, at);
        return true;
      }
      case 'truncate':
      case 'write': {
        const file = this.#find(operation.path);
        if (file?.kind !== 'file') return false;
        if (operation.kind === 'truncate') file.truncate(operation.length);
        else file.write(operation.bytes, operation.at ?? file.bytes.length);
        return true;
      }
    }
  }

  /** The trees that a power cut now may leave, the same tree perhaps more than once. */
  *crashes(): Generator<Tree> {
    const all = this.#pending;
    const recent = all.slice(-changesTriedSingly);
    const choices = [[], all, ...recent.map((one) => [one])];
    for (const one of recent) choices.push(all.filter((change) => change !== one));
    for (const changes of choices) {
      for (const damage of damages) yield this.#tree(changes, damage);
    }
  }

  #tree(changes: readonly Change[], damage: Damage): Tree {
    const tree = new Map<string, Buffer>();
    const visit = (folder: Folder, path: string): void => {
      const entries = new Map(folder.flushed);
      for (const change of changes) {
        if (change.folder !== folder) continue;
        for (const [name, node] of change.names) {
          if (node === undefined) entries.delete(name);
          else entries.set(name, node);
        }
      }
      for (const [name, node] of entries) {
        if (node.kind === 'folder') visit(node, posix.join(path, name));
        else tree.set(posix.join(path, name), damage(node));
      }
    };
    visit(this.#root, '');
    return tree;
  }

  #find(path: string): File | Folder | undefined {
    if (path === this.#rootPath) return this.#root;
    return this.#parent(path)?.entries.get(baseOf(path));
  }

  #parent(path: string): Folder | undefined {
    if (!path.startsWith(`${this.#rootPath}/`)) return undefined;
    const parent = this.#find(posix.dirname(path));
    return parent?.kind === 'folder' ? parent : undefined;
  }

  #open(path: string, truncates: boolean): boolean {
    const found = this.#find(path);
    if (found === undefined) return this.#add(path, new PagedFile());
    if (found.kind === 'file' && truncates) found.truncate(0);
    return truncates;
  }

  #add(path: string, node: File | Folder): boolean {
    return this.#change(this.#parent(path), [[baseOf(path), node]]);
  }

  #move(from: string, to: string, isGone: boolean): boolean {
    const node = this.#find(from);
    const [source, target] = [this.#parent(from), this.#parent(to)];
    if (node === undefined) return false;
    // Two names of one file stay as they are: rename(2) does nothing then.
    if (isGone && target?.entries.get(baseOf(to)) === node) return false;
    if (!isGone) return this.#change(target, [[baseOf(to), node]]);
    if (source === target) {
      return this.#change(target, [
        [baseOf(from), undefined],
        [baseOf(to), node],
      ]);
    }
    this.#change(target, [[baseOf(to), node]]);
    return this.#change(source, [[baseOf(from), undefined]]);
  }

  #change(folder: Folder | undefined, names: Change['names']): boolean {
    if (folder === undefined) return false;
    for (const [name, node] of names) {
      if (node === undefined) folder.entries.delete(name);
      else folder.entries.set(name, node);
    }
    if (this.#hasBlocks) for (const change of this.#changesOf(folder)) change.isDropped = false;
    this.#pending.push({ folder, names, isDropped: false });
    return true;
  }

  #flush(node: File | Folder | undefined): boolean {
    if (node === undefined) return false;
    if (node.kind === 'file') node.flush();
    else {
      const written = this.#changesOf(node).filter(({ isDropped }) => !isDropped);
      const names = written.flatMap((change) => change.names);
      for (const [name, made] of names) {
        if (made === undefined) node.flushed.delete(name);
        else node.flushed.set(name, made);
      }
      // One that was dropped counts no more when all its names were made anew.
      const isAnew = new Set(names.map(([name]) => name));
      this.#pending = this.#pending.filter(
        (change) =>
          change.folder !== node ||
          (change.isDropped && !change.names.every(([name]) => isAnew.has(name))),
      );
    }
    return true;
  }

  #failToFlush(node: File | Folder | undefined): boolean {
    if (node === undefined) return false;
    if (node.kind === 'file') node.failToFlush();
    else for (const change of this.#changesOf(node)) change.isDropped = true;
    return true;
  }

  #changesOf(folder: Folder): Change[] {
    return this.#pending.filter((change) => change.folder === folder);
  }
}

const newFolder = (): Folder => ({ kind: 'folder', entries: new Map(), flushed: new Map() });

/** On the disk. */
function keepIn(folder: Folder, name: string, node: File | Folder): void {
  folder.entries.set(name, node);
  folder.flushed.set(name, node);
}

const baseOf = (path: string): string => posix.basename(path);
