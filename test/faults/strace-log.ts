/**
 * Parses the log of strace: the calls of all threads of a program that changed files below a folder, flushed them, or
 * sent data, in the order in which they happened. Pure.
 *
 * A slow call has two lines. Its effect on a file counts from its end; sent data counts from its beginning, since the
 * peer may receive it from then on.
 */
import { posix } from 'node:path';

export type Operation =
  | { readonly kind: 'open'; readonly path: string; readonly truncates: boolean }
  /** Undefined offset: at the end of the file. */
  | { readonly kind: 'write'; readonly path: string; readonly bytes: Buffer; readonly at?: number }
  | { readonly kind: 'truncate'; readonly path: string; readonly length: number }
  /** Continues in both files where the last one ended. */
  | { readonly kind: 'copy'; readonly from: string; readonly to: string; readonly length: number }
  | { readonly kind: 'link' | 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'unlink' | 'mkdir' | 'flush' | 'failed-flush'; readonly path: string }
  /** On a connection, or on standard output. */
  | { readonly kind: 'said' | 'heard'; readonly on: string; readonly bytes: Buffer };

/** The calls to trace: `strace -f -yy -xx -s 1048576 -e trace=CALLS -o FILE PROGRAM …`. */
export const tracedCalls = [
  ...['open', 'openat', 'creat', 'close', 'ftruncate', 'truncate', 'fallocate'],
  ...['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2', 'sendmsg', 'sendto'],
  ...['read', 'readv', 'recvmsg', 'recvfrom', 'fsync', 'fdatasync', 'sync', 'syncfs'],
  ...['link', 'linkat', 'unlink', 'unlinkat', 'rename', 'renameat', 'renameat2'],
  ...['mkdir', 'mkdirat', 'rmdir', 'symlink', 'symlinkat'],
  ...['copy_file_range', 'sendfile', 'splice'],
];

/** @throws for a call that changes a file and is unknown to the parser */
export function readStraceLog(text: string): Operation[] {
  const operations: Operation[] = [];
  const begun = new Map<string, string>();
  const opened = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, pid = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(rest);
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    if (unfinished) begun.set(pid, unfinished[1] ?? '');
    const whole = resumed ? `${begun.get(pid) ?? ''}${resumed[1] ?? ''}` : rest;
    const call = parseCall(unfinished ? `${unfinished[1] ?? ''}) = 0` : whole);
    if (call === undefined) continue;
    const hasFailed = call.result.startsWith('-');
    const [, descriptor = '', path] = /^(\d+)<((?:\\x[0-9a-f]{2})+)>/.exec(call.result) ?? [];
    if (path !== undefined) opened.set(descriptor, unhex(path));
    const operation = hasFailed ? failureOf(call) : operationOf(call, opened);
    if (operation === undefined) continue;
    const isFromBeginning = operation.kind === 'said';
    if (unfinished ? isFromBeginning : !(resumed && isFromBeginning)) operations.push(operation);
  }
  return operations;
}

interface Call {
  readonly name: string;
  readonly args: string;
  readonly result: string;
}

function parseCall(text: string): Call | undefined {
  const match = /^(\w+)\((.*)\)\s+= (-?\w+.*)$/.exec(text);
  if (!match) return undefined;
  const [, name = '', args = '', result = ''] = match;
  return { name, args, result };
}

/** A call that failed and still changed what is on the disk. */
function failureOf({ name, args }: Call): Operation | undefined {
  if (name !== 'fsync' && name !== 'fdatasync') return undefined;
  return { kind: 'failed-flush', path: descriptorPath(args) };
}

/** The path or socket that strace prints for the first argument. */
function descriptorPath(args: string): string {
  return unhex(/^\d+<(.*?)>(?=,|\)|$)/.exec(args)?.[1] ?? '').replace(/ \(deleted\)$/, '');
}

/** @param opened paths of what is open, by descriptor: `/proc/self/fd/7/a` is a file in that folder */
function operationOf(
  { name, args, result }: Call,
  opened: ReadonlyMap<string, string>,
): Operation | undefined {
  const texts = [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?/g)];
  if (texts.some(([, , more]) => more !== undefined)) throw new Error(`strace cut off a ${name}`);
  const strings = texts.map(([, hex = '']) => Buffer.from(hex.replaceAll('\\x', ''), 'hex'));
  const paths = [...args.matchAll(/(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:\\x[0-9a-f]{2})+)"/g)].map(
    ([, folder = '', path = '']) =>
      posix.resolve(
        unhex(folder) || '/',
        unhex(path).replace(
          /^\/proc\/self\/fd\/(\d+)/,
          (own, nth: string) => opened.get(nth) ?? own,
        ),
      ),
  );
  const [path = '', to = ''] = paths;
  const on = descriptorPath(args);
  const descriptor = Number(/^(\d+)/.exec(args)?.[1]);
  const isSpeech = !on.startsWith('/') || descriptor === 1;
  const moved = Number.parseInt(result, 10);
  const bytes = (): Buffer => Buffer.concat(strings);
  switch (name) {
    case 'open':
    case 'openat':
      if (!args.includes('O_CREAT') && !args.includes('O_TRUNC')) return undefined;
      return { kind: 'open', path, truncates: args.includes('O_TRUNC') };
    case 'creat':
      return { kind: 'open', path, truncates: true };
    case 'write':
    case 'writev':
    case 'sendmsg':
    case 'sendto': {
      // An unfinished call has no result yet: all of its data may be sent.
      const said = moved === 0 ? bytes() : bytes().subarray(0, moved);
      if (isSpeech) return { kind: 'said', on: descriptor === 1 ? 'stdout' : on, bytes: said };
      return { kind: 'write', path: on, bytes: bytes().subarray(0, moved) };
    }
    case 'pwrite64':
    case 'pwritev':
    case 'pwritev2': {
      const at = Number((name === 'pwritev2' ? /, (\d+), \w+$/ : /, (\d+)$/).exec(args)?.[1]);
      return { kind: 'write', path: on, bytes: bytes().subarray(0, moved), at };
    }
    case 'read':
    case 'readv':
    case 'recvmsg':
    case 'recvfrom':
      return isSpeech ? { kind: 'heard', on, bytes: bytes().subarray(0, moved) } : undefined;
    case 'copy_file_range': {
      const [from = '', target = ''] = [...args.matchAll(/\d+<([^>]*)>/g)].map(([, hex = '']) =>
        unhex(hex),
      );
      return { kind: 'copy', from, to: target, length: moved };
    }
    case 'ftruncate':
      return { kind: 'truncate', path: on, length: Number(/, (\d+)$/.exec(args)?.[1]) };
    case 'fsync':
    case 'fdatasync':
      return { kind: 'flush', path: on };
    case 'link':
    case 'linkat':
      return { kind: 'link', from: path, to };
    case 'rename':
    case 'renameat':
    case 'renameat2':
      return { kind: 'rename', from: path, to };
    case 'unlink':
    case 'unlinkat':
    case 'rmdir':
      return { kind: 'unlink', path };
    case 'mkdir':
    case 'mkdirat':
      return { kind: 'mkdir', path };
    case 'close':
      return undefined;
    default:
      // Only for files: programs also pass data between their threads.
      if (!on.startsWith('/') && path === '') return undefined;
      throw new Error(`the model does not know ${name}(${args.slice(0, 200)})`);
  }
}

function unhex(text: string): string {
  return Buffer.from(
    text.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    'latin1',
  ).toString('utf8');
}

/** The flushes of a program before its ready output, and in all. */
export function flushCounts(operations: readonly Operation[], ready: string) {
  const isFlush = ({ kind }: Operation): boolean => kind === 'flush' || kind === 'failed-flush';
  const readyAt = operations.findIndex(
    (operation) => operation.kind === 'said' && operation.bytes.includes(ready),
  );
  const before = operations.slice(0, readyAt).filter(isFlush).length;
  return { before, all: operations.filter(isFlush).length };
}
