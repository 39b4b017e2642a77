/** Makes the pair one that knows each other, and reads from the agent's own words what it holds for acknowledged. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { KeyStore } from '../../agent/uplink/keys/key-store.js';
import { KeyFolder } from '../../receiver/access/keys/key-folder.js';
import { pairBehindTheScenes } from '../support/paired.js';
import type { Captures } from './inventory.js';

/** Hidden, so that they are no captures; on the disk that fills up. */
export const keysIn = (capturesPath: string): string => join(capturesPath, '.keys');

/** Gives both sides a key, as pairing does. @param port under which the agent knows the receiver */
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

/** A line of the agent's log that tells of an acknowledgement. */
export interface Delivered {
  readonly sequence: string;
  /** The file's, as the receiver gave it. */
  readonly name: string;
}

export function readDelivered(line: string): Delivered | undefined {
  const [, sequence, name] = /\bdelivered sequence=(\d+) name=(\S+)/.exec(line) ?? [];
  return sequence === undefined || name === undefined ? undefined : { sequence, name };
}

/** By frame, the SHA-256 of the file that it is said to be in; of one that is not there, its name. */
export function acknowledgedFiles(
  delivered: readonly Delivered[],
  { stored }: Captures,
): ReadonlyMap<string, string> {
  const sums = new Map(stored.map(({ name, sha256 }) => [name, sha256]));
  return new Map(
    delivered.map(({ sequence, name }) => [`${sequence} ${name}`, sums.get(name) ?? name]),
  );
}
