/** The release tarball: runs where it is unpacked, with nothing but Node. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Source } from './source.js';
import { Stage, releasedFiles } from './stage.js';

/** Far above the size of the files. */
const maxBuffer = 256 * 1024 ** 2;

/** @returns the path of the tarball */
export function buildTarball(source: Source, to: string): string {
  const name = `picchanged-${source.version}`;
  const work = mkdtempSync(join(tmpdir(), 'picchanged-tarball-'));
  try {
    const stage = new Stage(join(work, name));
    for (const { path, content, mode } of releasedFiles(source)) stage.write(path, content, mode);
    const always = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--format=ustar'];
    const args = ['--create', ...always, `--mtime=@${source.epoch}`, '-C', work, name];
    const path = join(to, `${name}.tar.gz`);
    writeFileSync(path, gzipSync(execFileSync('tar', args, { maxBuffer }), { level: 9 }));
    return path;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
