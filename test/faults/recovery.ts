/**
 * Trees that a power cut may leave, opened by the programs' own code: that it opens them, and which frames it finds.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SpoolSet } from '../../agent/spool/spool-set.js';
import { openFrameStore } from '../../receiver/store/frame-store.js';
import { spoolSettings } from '../support/spool-settings.js';
import type { Tree } from './crash-disk.js';
import { jpegIn } from './spool-entry.js';
import { sha256Of } from './power-cut.js';
import { type GivenFrame, headerOf } from './recording.js';

/** Distinct trees, each with the promises at its first occurrence. */
export class DifferentTrees {
  readonly all = new Map<string, { readonly tree: Tree; readonly promised: readonly string[] }>();

  add(tree: Tree, promised: ReadonlySet<string>): void {
    const files = [...tree].map(([path, bytes]) => `${path} ${sha256Of(bytes)}`);
    const key = [...files, ...promised].sort().join('\n');
    if (!this.all.has(key)) this.all.set(key, { tree, promised: [...promised] });
  }
}

/** @returns the SHA-256 of each frame that an agent started on this tree sends, or has set aside */
export async function recoverSpool(tree: Tree, host: string, scratch: string): Promise<string[]> {
  unpack(tree, scratch);
  const [, name = '', port = ''] = /^(.*):(\d+)$/.exec(host) ?? [];
  const destination = { host: name, port: Number(port) };
  const set = await SpoolSet.onDisk(join(scratch, 'spool'), [destination], spoolSettings);
  const spool = set.spoolFor(destination);
  const seen = new Set<number>();
  const found = [...tree].flatMap(([path, bytes]) =>
    path.includes('/rejected/') ? [sha256Of(jpegIn(bytes))] : [],
  );
  for (;;) {
    const waiting = spool.next(({ sequence }) => seen.has(sequence));
    if (waiting === undefined) return found;
    seen.add(waiting.sequence);
    const entry = await spool.load(waiting.sequence);
    if (entry?.header.type === 'frame') found.push(sha256Of(entry.body));
  }
}

/** @returns for each frame whether a receiver started on this tree recognizes its repeat */
export async function recoverStore(
  tree: Tree,
  frames: readonly GivenFrame[],
  scratch: string,
): Promise<boolean[]> {
  unpack(tree, scratch);
  const store = await openFrameStore(scratch, Date.now());
  const known: boolean[] = [];
  for (const frame of frames) {
    const { epoch, sequence, ...header } = headerOf(frame);
    const id = { epoch, sequence };
    const put = { ...header, camera: 'yard', jpeg: frame.jpeg, id, receivedAtMs: Date.now() };
    known.push((await store.put(put)).duplicate);
  }
  await store.close();
  return known;
}

export function unpack(tree: Tree, directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  for (const [path, bytes] of tree) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), bytes);
  }
}
