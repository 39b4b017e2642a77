/** The parser of strace's log. */
import { describe, expect, it } from 'vitest';
import { readStraceLog } from './strace-log.js';

const hex = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
/** `"/a"` and `</a>` as strace -xx writes them. */
const log = (...lines: string[]): string =>
  lines
    .map((line) => line.replaceAll(/"([^"]*)"/g, (_, text: string) => `"${hex(text)}"`))
    .map((line) => line.replaceAll(/<(\/[^>]*)>/g, (_, text: string) => `<${hex(text)}>`))
    .join('\n');

describe('a log of strace', () => {
  it.each([
    [
      '1  openat(AT_FDCWD</d>, "a", O_WRONLY|O_CREAT|O_EXCL, 0666) = 3</d/a>',
      { kind: 'open', path: '/d/a', truncates: false },
    ],
    ['1  write(3</d/a>, "abc", 3) = 3', { kind: 'write', path: '/d/a', bytes: Buffer.from('abc') }],
    ['1  write(3</d/a>, "abc", 3) = 2', { kind: 'write', path: '/d/a', bytes: Buffer.from('ab') }],
    [
      '1  pwrite64(3</d/a>, "abc", 3, 7) = 3',
      { kind: 'write', path: '/d/a', bytes: Buffer.from('abc'), at: 7 },
    ],
    ['1  fsync(3</d>) = 0', { kind: 'flush', path: '/d' }],
    [
      '1  fdatasync(3</d/a>) = -1 EIO (Input/output error) (INJECTED)',
      { kind: 'failed-flush', path: '/d/a' },
    ],
    ['1  link("/d/a", "/d/b") = 0', { kind: 'link', from: '/d/a', to: '/d/b' }],
    ['1  rename("/d/a", "/e/b") = 0', { kind: 'rename', from: '/d/a', to: '/e/b' }],
    ['1  unlink("/d/a") = 0', { kind: 'unlink', path: '/d/a' }],
    ['1  mkdir("/d", 0777) = 0', { kind: 'mkdir', path: '/d' }],
    [
      '1  write(1<pipe:[7]>, "said", 4) = 4',
      { kind: 'said', on: 'stdout', bytes: Buffer.from('said') },
    ],
    [
      '1  read(9<TCP:[7]>, "heard", 65536) = 5',
      { kind: 'heard', on: 'TCP:[7]', bytes: Buffer.from('heard') },
    ],
    [
      '1  writev(9<TCP:[7]>, [{iov_base="ab", iov_len=2}, {iov_base="c", iov_len=1}], 2) = 3',
      { kind: 'said', on: 'TCP:[7]', bytes: Buffer.from('abc') },
    ],
    [
      '1  copy_file_range(3</d/a>, [0], 4</d/b>, NULL, 9, 0) = 9',
      { kind: 'copy', from: '/d/a', to: '/d/b', length: 9 },
    ],
  ])('says what %s did', (line, operation) => {
    expect(readStraceLog(log(line))).toEqual([operation]);
  });

  it.each([
    '1  link("/d/a", "/d/b") = -1 EEXIST (File exists)',
    '1  openat(AT_FDCWD</d>, "a", O_RDONLY|O_CLOEXEC) = 3</d/a>',
    '1  close(3</d/a>) = 0',
    '1  +++ exited with 0 +++',
  ])('says nothing of %s', (line) => {
    expect(readStraceLog(log(line))).toEqual([]);
  });

  it('resolves a path through a handle to its folder', () => {
    const text = log(
      '1  openat(AT_FDCWD</>, "/d", O_RDONLY|O_DIRECTORY) = 20</d>',
      '1  openat(AT_FDCWD</>, "/proc/self/fd/20/e", O_RDONLY|O_DIRECTORY) = 21</d/e>',
      '2  link("/proc/self/fd/20/a", "/proc/self/fd/21/b") = 0',
    );
    expect(readStraceLog(text)).toEqual([{ kind: 'link', from: '/d/a', to: '/d/e/b' }]);
  });

  it('counts a slow call’s file change from its end, its sent data from its beginning', () => {
    const text = log(
      '1  fsync(3</d/a> <unfinished ...>',
      '2  write(9<TCP:[7]>, "ab", 2 <unfinished ...>',
      '3  unlink("/d/b") = 0',
      '2  <... write resumed>) = 2',
      '1  <... fsync resumed>) = 0',
    );
    expect(readStraceLog(text).map(({ kind }) => kind)).toEqual(['said', 'unlink', 'flush']);
  });

  it('with an unknown change of a file is an error', () => {
    expect(() => readStraceLog(log('1  fallocate(3</d/a>, 0, 0, 7) = 0'))).toThrow(/fallocate/);
  });

  it('that was cut off is an error', () => {
    expect(() => readStraceLog(`${log('1  write(3</d/a>, "abc"')}..., 9) = 9`)).toThrow(/cut off/);
  });
});
