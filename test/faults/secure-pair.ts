/** Gives the pair keys, and reads the acknowledged frames from the agent's log. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { KeyStore } from '../../agent/uplink/keys/key-store.js';
import { KeyFolder } from '../../receiver/access/keys/key-folder.js';
import { pairBehindTheScenes } from '../support/paired.js';
import type { Captures } from './inventory.js';

/** A hidden folder: not part of the captures, on the disk that is filled. */
export const keysIn = (capturesPath: string): string => join(capturesPath, '.keys');

/** Gives both sides a key, as pairing does. @param port of the receiver, for the agent */
export async function pairSides(
  camera: string,
  capturesPath: string,
  statePath: string,
  port: number,
): Promise<void> {
  const key = await pairBehindTheScenes(new KeyFolder(keysIn(capturesPath)), camera);
  const unproven = { receiverId: randomBytes(16).toString('hex'), key };
  const store = new KeyStore(statePath, undefined);
  await store.keep(unproven, { host: '127.0.0.1', port }, 'none');
  await store.prove(unproven);
}

/** A line of the agent's log with the acknowledgement of a frame. */
export interface Delivered {
  readonly sequence: string;
  /** The file name that the receiver sent. */
  readonly name: string;
}

export function readDelivered(line: string): Delivered | undefined {
  const [, sequence, name] = /\bdelivered sequence=(\d+) name=(\S+)/.exec(line) ?? [];
  // A gap or a report is in the record.
  if (sequence === undefined || name === undefined || name.endsWith('.jsonl')) return undefined;
  return { sequence, name };
}

/** By frame, the SHA-256 of its acknowledged file, or the name of a missing file. */
export function acknowledgedFiles(
  delivered: readonly Delivered[],
  { stored }: Captures,
): ReadonlyMap<string, string> {
  const sums = new Map(stored.map(({ name, sha256 }) => [name, sha256]));
  return new Map(
    delivered.map(({ sequence, name }) => [`${sequence} ${name}`, sums.get(name) ?? name]),
  );
}
