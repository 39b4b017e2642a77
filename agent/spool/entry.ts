/**
 * A spool entry as the bytes of a file: the JPEG, then what is known of it, so that any viewer opens a
 * waiting frame as the picture it is. Pure.
 *
 *   body ‖ header, UTF-8 JSON ‖ u32 header length, big-endian ‖ "PICSPOOL"
 *
 * The body's SHA-256 stands in the header: what is read back is whole or an error.
 */
import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { OperationalError } from '../../shared/cli/errors.js';
import { droppedHeader, frameHeader } from '../../shared/protocol/messages.js';

/** What is known of an entry; its sequence is its name's. The kinds are those of the wire's messages. */
const headerSchema = v.variant('type', [frameHeader, droppedHeader]);
export type EntryHeader = v.InferOutput<typeof headerSchema>;

export interface Entry {
  readonly header: EntryHeader;
  /** The JPEG of a frame; empty for any other kind. */
  readonly body: Buffer;
}

const magic = Buffer.from('PICSPOOL');
const footerBytes = 4 + magic.length;

export function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function encodeEntry({ header, body }: Entry): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([body, json, length, magic]);
}

/** @throws {OperationalError} FRAME: the file is cut off, damaged or no entry */
export function decodeEntry(bytes: Buffer): Entry {
  const footerAt = bytes.length - footerBytes;
  if (footerAt < 0 || !bytes.subarray(footerAt + 4).equals(magic)) {
    throw damaged('it does not end as an entry does');
  }
  const headerAt = footerAt - bytes.readUInt32BE(footerAt);
  if (headerAt < 0) throw damaged('its header is longer than the file');
  const parsed = v.safeParse(headerSchema, parseJson(bytes.subarray(headerAt, footerAt)));
  if (!parsed.success) throw damaged('its header is wrong');
  const header = parsed.output;
  const body = bytes.subarray(0, headerAt);
  if (header.type === 'frame' && sha256Of(body) !== header.sha256) {
    throw damaged('its bytes do not have the SHA-256 that was noted');
  }
  return { header, body };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined; // no header either
  }
}

function damaged(why: string): OperationalError {
  return new OperationalError('FRAME', `the spool entry is damaged: ${why}`);
}
