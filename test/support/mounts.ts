/** Small disks and mounts, removed after the test. They need root, and a machine that lets root mount. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

function run(command: string, args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0
    ? undefined
    : `${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`;
}

function mustRun(command: string, args: readonly string[]): void {
  const failure = run(command, args);
  if (failure !== undefined) throw new Error(failure);
}

/** Why mounting is impossible here, as the reason of a skipped test; undefined when it is possible. */
export function whyNoMount(): string | undefined {
  if (process.platform !== 'linux') return 'mounting is tried on Linux only';
  if (process.getuid?.() !== 0) return 'only root can mount';
  const directory = mkdtempSync(join(tmpdir(), 'picchanged-mount-'));
  try {
    const failure = run('mount', ['-t', 'tmpfs', 'none', directory]);
    if (failure === undefined) mustRun('umount', [directory]);
    return failure;
  } finally {
    rmdirSync(directory);
  }
}

export function mount(...args: readonly string[]): void {
  mustRun('mount', args);
}

/** Removes a mount, also while files are open on it. */
export function unmount(directory: string): void {
  mustRun('umount', ['--lazy', directory]);
}

/** Mounts a new, empty file system. @param size as mount(8) reads it: `1m` */
export function smallDisk(size: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'picchanged-disk-'));
  onTestFinished(() => rmdirSync(directory));
  mount('-t', 'tmpfs', '-o', `size=${size}`, 'none', directory);
  onTestFinished(() => unmount(directory));
  return directory;
}
