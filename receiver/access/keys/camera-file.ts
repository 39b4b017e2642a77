/** What the receiver's keys folder holds of a camera: two files, whose fields are checked when they are read. */
import * as v from 'valibot';
import { keyHexPattern, keyIdPattern } from '../../../shared/keys/identity.js';

const idField = v.pipe(v.string(), v.regex(keyIdPattern));
const keyField = v.pipe(v.string(), v.regex(keyHexPattern));
const timeField = v.pipe(v.number(), v.safeInteger());
const publicKeyField = v.pipe(v.string(), v.maxLength(256));
/** `<camera>.json`. */
export const cameraFile = v.object({
  /** Absent until the first code is used. */
  paired: v.optional(v.object({ id: idField, key: keyField, pairedAtMs: timeField })),
  code: v.optional(
    v.object({
      id: idField,
      key: keyField,
      expiresAtMs: timeField,
      /** Agreed on over this code and not proven yet; valid beside `paired`. */
      pending: v.optional(
        v.object({ id: idField, key: keyField, publicKey: v.optional(publicKeyField) }),
      ),
    }),
  ),
  /** The key of the camera's signatures; absent until an agent that signs has paired or connected. */
  signer: v.optional(v.object({ publicKey: publicKeyField, pinnedAtMs: timeField })),
});
/** `<camera>.seen`: its last connection. */
export const seenFile = v.object({ atMs: timeField, from: v.pipe(v.string(), v.maxLength(64)) });

export type CameraFile = v.InferOutput<typeof cameraFile>;
export type Seen = v.InferOutput<typeof seenFile>;
