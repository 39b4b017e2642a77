/** Builds what a release consists of, with the checksums of all. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildDeb } from './deb.js';
import type { Source } from './source.js';
import { buildTarball } from './tarball.js';

/** @param to a folder, made anew @returns the paths; the last one is that of the checksums @throws dist/ is not of this version */
export function buildArtifacts(source: Source, to: string): readonly string[] {
  const args = [join(source.root, 'dist', 'agent.js'), '--version'];
  const built = execFileSync(process.execPath, args, { encoding: 'utf8' }).trim();
  if (built !== source.version) {
    throw new Error(`dist/ is of ${built}, package.json of ${source.version}: npm run build`);
  }
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  const paths = [buildTarball(source, to), buildDeb(source, to)];
  const sums = paths.map(
    (path) =>
      `${createHash('sha256').update(readFileSync(path)).digest('hex')}  ${basename(path)}\n`,
  );
  const list = join(to, 'SHA256SUMS');
  writeFileSync(list, sums.join(''));
  return [...paths, list];
}
