/** The PSK identity of TLS: `<camera>.<key id>`, or `pair.<code id>` for a pairing code. Pure. */
import { isCameraName } from '../protocol/camera-name.js';

/** Sent in the clear at the start of a connection, so it holds nothing secret. */
export interface Identity {
  readonly name: string;
  readonly keyId: string;
}

/** Takes the place of the camera in a pairing code's identity; a camera may still have this name. */
export const pairingName = 'pair';

/** A pre-shared key with its camera and its id. */
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

/** @returns undefined for an invalid identity; both parts of a valid one are safe in a file name */
export function parseIdentity(text: string): Identity | undefined {
  const [, name = '', keyId = ''] = /^([a-z0-9-]{1,63})\.([0-9a-z]{1,32})$/.exec(text) ?? [];
  return isCameraName(name) ? { name, keyId } : undefined;
}
