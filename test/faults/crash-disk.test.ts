/** The model of a disk gives exactly the trees that a power cut may leave. */
import { describe, expect, it } from 'vitest';
import { CrashDisk } from './crash-disk.js';
import type { Operation } from './strace-log.js';

const bytes = Buffer.from('abcd');
const open = (path: string): Operation => ({ kind: 'open', path, truncates: false });
const write = (path: string): Operation => ({ kind: 'write', path, bytes });
const fail = (path: string): Operation => ({ kind: 'failed-flush', path });
const flush = (path: string): Operation => ({ kind: 'flush', path });

/** Each tree once, as `name:bytes name:bytes`. */
function crashesAfter(...operations: Operation[]): string[] {
  const disk = new CrashDisk('/d');
  for (const operation of operations) disk.apply(operation);
  const trees = [...disk.crashes()].map((tree) =>
    [...tree]
      .map(([path, content]) => `${path}:${content.toString().replaceAll('\0', '.')}`)
      .sort()
      .join(' '),
  );
  return [...new Set(trees)].sort();
}

describe('a power cut', () => {
  it('leaves bytes that were not flushed whole, missing, by half or as zeros', () => {
    const found = crashesAfter(open('/d/a'), flush('/d'), write('/d/a'));
    expect(found).toEqual(['a:', 'a:....', 'a:ab', 'a:abcd']);
  });

  it('leaves flushed bytes of a name that was not flushed whole, or nothing', () => {
    expect(crashesAfter(open('/d/a'), write('/d/a'), flush('/d/a'))).toEqual(['', 'a:abcd']);
  });

  it('keeps bytes that were flushed with their name', () => {
    const made = [open('/d/a'), write('/d/a'), flush('/d/a'), flush('/d')];
    expect(crashesAfter(...made)).toEqual(['a:abcd']);
  });

  it('keeps or undoes each change of a name independently', () => {
    const made = [open('/d/a'), flush('/d')];
    const linked: Operation = { kind: 'link', from: '/d/a', to: '/d/b' };
    const gone: Operation = { kind: 'unlink', path: '/d/a' };
    expect(crashesAfter(...made, linked, gone)).toEqual(['', 'a:', 'a: b:', 'b:']);
  });

  it('keeps a rename within a folder atomic', () => {
    const made = [open('/d/a'), flush('/d')];
    const renamed: Operation = { kind: 'rename', from: '/d/a', to: '/d/b' };
    expect(crashesAfter(...made, renamed)).toEqual(['a:', 'b:']);
  });

  it('may remove a folder whose name was not flushed, with its contents', () => {
    const made: Operation[] = [{ kind: 'mkdir', path: '/d/e' }, open('/d/e/a'), flush('/d/e')];
    expect(crashesAfter(...made)).toEqual(['', 'e/a:']);
    expect(crashesAfter(...made, flush('/d'))).toEqual(['e/a:']);
  });

  it('may leave the old bytes of a truncated file', () => {
    const made = [open('/d/a'), write('/d/a'), flush('/d/a'), flush('/d')];
    const emptied: Operation = { kind: 'open', path: '/d/a', truncates: true };
    expect(crashesAfter(...made, emptied)).toEqual(['a:', 'a:abcd']);
  });

  it('leaves bytes of a failed flush unflushed, also after a later flush', () => {
    const made = [open('/d/a'), flush('/d'), write('/d/a')];
    const once = [...made, fail('/d/a'), flush('/d/a')];
    expect(crashesAfter(...once)).toEqual(['a:....', 'a:abcd']);
    const more = [...once, write('/d/a'), flush('/d/a')];
    expect(crashesAfter(...more)).toEqual(['a:....abcd', 'a:abcdabcd']);
  });

  it('keeps bytes that were written again after a failed flush', () => {
    const made = [open('/d/a'), flush('/d'), write('/d/a'), fail('/d/a')];
    const anew: Operation = { kind: 'write', path: '/d/a', bytes, at: 0 };
    expect(crashesAfter(...made, anew, flush('/d/a'))).toEqual(['a:abcd']);
  });

  it('keeps or loses a name of a failed flush, until it is made again', () => {
    const made = [open('/d/a'), fail('/d'), flush('/d')];
    expect(crashesAfter(...made)).toEqual(['', 'a:']);
    const linked: Operation = { kind: 'link', from: '/d/a', to: '/d/b' };
    const same: Operation = { kind: 'rename', from: '/d/b', to: '/d/a' };
    expect(crashesAfter(...made, linked, same, flush('/d'))).toEqual(['a: b:', 'b:']);
    const gone: Operation = { kind: 'unlink', path: '/d/a' };
    const back: Operation = { kind: 'rename', from: '/d/b', to: '/d/a' };
    expect(crashesAfter(...made, linked, gone, back, flush('/d'))).toEqual(['a:']);
  });

  it('with blocks, writes the other names of a folder after a change of it', () => {
    const disk = new CrashDisk('/d', true);
    for (const each of [open('/d/a'), fail('/d'), flush('/d')]) disk.apply(each);
    expect([...disk.crashes()].some((tree) => !tree.has('a'))).toBe(true);
    for (const each of [open('/d/b'), flush('/d')]) disk.apply(each);
    expect([...disk.crashes()].every((tree) => tree.has('a'))).toBe(true);
  });

  it('ignores files outside its root', () => {
    expect(new CrashDisk('/d').apply(open('/elsewhere/a'))).toBe(false);
  });
});
