/**
 * `node:fs/promises` with injected faults: an errno at a given call, a disk that is full, read-only or out of
 * descriptors, and a process that is killed between two calls. For `vi.mock`.
 */
import type * as Files from 'node:fs/promises';

export type DiskState = 'fine' | 'full' | 'tight' | 'read-only' | 'unreadable';

interface Call {
  readonly name: string;
  readonly writes: boolean;
  /** Bytes to be written, for a call that needs space. */
  readonly bytes: number | undefined;
}

/** Files up to this size fit on a `tight` disk. */
const tightBytes = 600;

export class Faults {
  state: DiskState = 'fine';
  /** Calls until one call fails. */
  #failIn: number | undefined;
  #code = 'EIO';
  /** Calls until the process is killed. */
  #killIn: number | undefined;
  #isKilled = false;
  #onKilled: () => void = () => undefined;

  reset(): void {
    this.state = 'fine';
    this.#failIn = this.#killIn = undefined;
    this.#isKilled = false;
  }

  failOnce(afterCalls: number, code: string): void {
    this.#failIn = afterCalls;
    this.#code = code;
  }

  /** After this number of calls no call returns, until `reset`. */
  killIn(calls: number, onKilled: () => void): void {
    this.#killIn = calls;
    this.#onKilled = onKilled;
  }

  async do<T>(call: Call, work: () => Promise<T>): Promise<T> {
    if (this.#killIn !== undefined && (this.#killIn -= 1) < 0 && !this.#isKilled) {
      this.#isKilled = true;
      this.#onKilled();
    }
    if (this.#isKilled) return new Promise(() => undefined);
    if (this.#failIn !== undefined && (this.#failIn -= 1) < 0) {
      this.#failIn = undefined;
      throw systemError(this.#code, call.name);
    }
    const code = this.#codeFor(call);
    if (code !== undefined) throw systemError(code, call.name);
    return work();
  }

  #codeFor({ name, writes, bytes }: Call): string | undefined {
    if (this.state === 'read-only' && writes) return 'EROFS';
    if (this.state === 'unreadable' && ['open', 'readFile'].includes(name)) return 'EMFILE';
    const room = { full: -1, tight: tightBytes }[this.state as string];
    return room !== undefined && bytes !== undefined && bytes > room ? 'ENOSPC' : undefined;
  }
}

function systemError(code: string, call: string): Error {
  return Object.assign(new Error(`${code}: made up, ${call}`), { code });
}

type FilesModule = typeof Files;
type Handle = Files.FileHandle;

const lengthOf = (data: unknown): number =>
  typeof data === 'string' || Buffer.isBuffer(data) ? data.length : 0;

/** The calls of a spool; all others are passed on unchanged. */
export function faultyFiles(files: FilesModule, faults: Faults): FilesModule {
  const change = (name: string, bytes?: number): Call => ({ name, writes: true, bytes });
  const look = (name: string): Call => ({ name, writes: false, bytes: undefined });
  const open: FilesModule['open'] = async (path, flags, mode) => {
    const call = flags === 'wx' ? change('open', 0) : look('open');
    const handle = await faults.do(call, () => files.open(path, flags, mode));
    return new Proxy(handle, {
      get(target, key) {
        if (key === 'writeFile') {
          return (data: Parameters<Handle['writeFile']>[0]) =>
            faults.do(change('write', lengthOf(data)), () => target.writeFile(data));
        }
        if (key === 'sync') return () => faults.do(look('fsync'), () => target.sync());
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  };
  const readFile = ((...args: Parameters<FilesModule['readFile']>) =>
    faults.do(look('readFile'), () => files.readFile(...args))) as FilesModule['readFile'];
  const readdir = ((path: string) =>
    faults.do(look('readdir'), () => files.readdir(path))) as FilesModule['readdir'];
  const stat = ((path: string) =>
    faults.do(look('stat'), () => files.stat(path))) as FilesModule['stat'];
  return {
    ...files,
    open,
    readFile,
    readdir,
    stat,
    writeFile: (path, data, options) =>
      faults.do(change('writeFile', lengthOf(data)), () => files.writeFile(path, data, options)),
    mkdir: ((path: string) =>
      faults.do(change('mkdir', 0), () => files.mkdir(path))) as FilesModule['mkdir'],
    link: (from, to) => faults.do(change('link', 0), () => files.link(from, to)),
    copyFile: (from, to, mode) =>
      faults.do(change('copyFile', 10_000), () => files.copyFile(from, to, mode)),
    rename: (from, to) => faults.do(change('rename'), () => files.rename(from, to)),
    unlink: (path) => faults.do(change('unlink'), () => files.unlink(path)),
    rm: (path, options) => faults.do(change('rm'), () => files.rm(path, options)),
    rmdir: (path, options) => faults.do(change('rmdir'), () => files.rmdir(path, options)),
  };
}
