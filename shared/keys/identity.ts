/** Who says who it is at the start of TLS: `<camera>.<key id>`, and `pair.<code id>` for a pairing code. Pure. */
import { isCameraName } from '../protocol/camera-name.js';

/** Sent in clear at the start of a connection, so it holds nothing secret. */
export interface Identity {
  readonly name: string;
  readonly keyId: string;
}

/** What a pairing code's identity has in place of a camera; a camera may have this name all the same. */
export const pairingName = 'pair';

/** A key that both ends have, and what it is called. */
export interface CameraKey {
  readonly camera: string;
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

export const keyBytes = 32;
export const keyIdPattern = /^[0-9a-z]{1,32}$/;
/** A key as files hold it. */
export const keyHexPattern = /^[0-9a-f]{64}$/;

export function formatIdentity({ name, keyId }: Identity): string {
  return `${name}.${keyId}`;
}

/** @returns undefined for what is no identity of ours; both parts are then safe in a file's name */
export function parseIdentity(text: string): Identity | undefined {
  const [, name = '', keyId = ''] = /^([a-z0-9-]{1,63})\.([0-9a-z]{1,32})$/.exec(text) ?? [];
  return isCameraName(name) ? { name, keyId } : undefined;
}
