/** The audit after hostile sessions: the receiver's disk against the data sent and the rights of its senders. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { sha256Of } from './material.js';
import type { Sent } from './ledger.js';
import { badName, honestName } from './plan.js';

export interface StoredPicture {
  /** Relative to the captures directory. */
  readonly name: string;
  readonly sha256: string;
}

/** Times of performance.now(); undefined: not reached. */
export interface Moments {
  /** The honest camera's first welcome over TLS: from then on no other peer may have its name. */
  readonly honestIsSecureAtMs: number | undefined;
  /** From then on no connection in the clear is accepted; -Infinity: from the start. */
  readonly closedAtMs: number | undefined;
  /** When the bad camera's key was revoked. */
  readonly unpairing: { readonly fromMs: number; readonly toMs: number } | undefined;
}

export interface Books {
  readonly stored: readonly StoredPicture[];
  /** SHA-256 of each frame of the honest camera that was acknowledged. */
  readonly acknowledged: readonly string[];
  readonly sent: readonly Sent[];
  readonly moments: Moments;
  /** Cameras that have a key from the start, beside the honest one. */
  readonly paired: readonly string[];
}

/** For connections open at a revocation: the receiver checks every few seconds. */
const graceMs = 15_000;

/** As in docs/protocol.md, implemented again: the programs' own rule may be wrong. */
const folderName = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** A sentence for each rule that was broken. */
export function checkBooks({ stored, acknowledged, sent, moments, paired }: Books): string[] {
  const folderOf = ({ name }: StoredPicture): string => name.split('/')[0] ?? '';
  const broken: string[] = [];
  for (const sha256 of acknowledged) {
    const found = stored.filter((each) => each.sha256 === sha256);
    const inPlace = found.filter((each) => folderOf(each) === honestName);
    if (found.length === 1 && inPlace.length === 1) continue;
    const where = found.map(({ name }) => name).join(', ') || 'nowhere';
    broken.push(`an acknowledged frame (${sha256}) is stored ${found.length} times: ${where}`);
  }
  const own = new Set(acknowledged);
  const byPicture = new Map<string, Sent[]>();
  for (const each of sent) {
    const key = `${each.folder} ${each.sha256}`;
    byPicture.set(key, [...(byPicture.get(key) ?? []), each]);
  }
  for (const picture of stored) {
    if (own.has(picture.sha256)) continue;
    if (!folderName.test(folderOf(picture))) {
      broken.push(`${picture.name} is stored: that is no name of a camera or of raw frames`);
      continue;
    }
    const senders = byPicture.get(`${folderOf(picture)} ${picture.sha256}`) ?? [];
    const whys = senders.map((each) => whyForbidden(each, moments, paired));
    if (whys.includes(undefined)) continue;
    broken.push(`${picture.name} is stored: ${whys[0] ?? 'nobody has sent that under this name'}`);
  }
  return broken;
}

/** Why a picture may not be stored; undefined when it may. */
function whyForbidden(
  { folder, holder, atMs }: Sent,
  moments: Moments,
  paired: readonly string[],
): string | undefined {
  const { honestIsSecureAtMs = Infinity, closedAtMs = Infinity, unpairing } = moments;
  if (holder !== undefined) {
    if (holder !== folder) return `it came with the key of ${holder}`;
    const isLate = holder === badName && atMs > (unpairing?.toMs ?? Infinity) + graceMs;
    return isLate ? `${holder} had been unpaired long before` : undefined;
  }
  if (folder === honestName && atMs > honestIsSecureAtMs) return 'the name was a paired camera';
  const isFreed = folder === badName && atMs > (unpairing?.fromMs ?? Infinity) - graceMs;
  if (paired.includes(folder) && !isFreed) return 'it came in the clear, as a paired camera';
  return atMs > closedAtMs + graceMs ? 'it came in the clear to a closed receiver' : undefined;
}

/** Unexpected files below the receiver's directory. @param files relative to it */
export function strayFiles(files: readonly string[]): string[] {
  // `agent pair` keeps a mark of the pairing outside its state directory.
  const isOurs = /^(captures\/|keys\/|home\/\.config\/picchanged\/paired\/agent-[0-9a-f]+$)/;
  return files.filter((name) => !isOurs.test(name));
}

/** Pictures below the captures directory. @param files relative to the receiver's directory */
export function readPictures(directory: string, files: readonly string[]): StoredPicture[] {
  return files
    .filter((name) => name.startsWith('captures/') && name.endsWith('.jpg'))
    .filter((name) => !basename(name).startsWith('.'))
    .map((name) => ({
      name: name.slice('captures/'.length),
      sha256: sha256Of(readFileSync(join(directory, name))),
    }));
}

/** Unfinished files. */
export function unfinishedFiles(files: readonly string[]): string[] {
  return files.filter((name) => name.endsWith('.part'));
}

/** Locks of names without captures. */
export function idleLocks(files: readonly string[]): string[] {
  const cameras = new Set(
    files.flatMap((name) => /^captures\/([^./][^/]*)\//.exec(name)?.[1] ?? []),
  );
  return files.filter((name) => {
    const camera = /^captures\/\.locks\/([^/]+)$/.exec(name)?.[1];
    return camera !== undefined && !cameras.has(camera);
  });
}
