/**
 * The file format of a spool entry. The JPEG comes first and the metadata after it, so that any viewer opens a
 * waiting frame. Pure.
 *
 *   body ‖ header, UTF-8 JSON ‖ u32 header length, big-endian ‖ "PICSPOOL"
 *
 * The header has the SHA-256 of the body; a mismatch is an error.
 */
import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { OperationalError } from '../../shared/cli/errors.js';
import { count } from '../../shared/protocol/fields.js';
import { droppedHeader, frameHeader } from '../../shared/protocol/messages.js';
import { reportHeader } from '../../shared/protocol/report-header.js';

const spooledReport = v.object({
  ...reportHeader.entries,
  /** That of its newest stretch: after a kill it says which stretches are in the spool. Not sent. */
  number: count,
});
export type SpooledReport = v.InferOutput<typeof spooledReport>;

/** The header is a message of the protocol without the sequence, which the file name has. */
const headerSchema = v.variant('type', [frameHeader, droppedHeader, spooledReport]);
export type EntryHeader = v.InferOutput<typeof headerSchema>;

export interface Entry {
  readonly header: EntryHeader;
  /** The JPEG of a frame; empty for a gap entry and a report. */
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

/** @throws {OperationalError} FRAME: the file is truncated, damaged or not an entry */
export function decodeEntry(bytes: Buffer): Entry {
  const footerAt = bytes.length - footerBytes;
  if (footerAt < 0 || !bytes.subarray(footerAt + 4).equals(magic)) {
    throw damaged('its end is not that of an entry');
  }
  const headerAt = footerAt - bytes.readUInt32BE(footerAt);
  if (headerAt < 0) throw damaged('its header is longer than the file');
  const parsed = v.safeParse(headerSchema, parseJson(bytes.subarray(headerAt, footerAt)));
  if (!parsed.success) throw damaged('invalid header');
  const header = parsed.output;
  const body = bytes.subarray(0, headerAt);
  if (header.type === 'frame' && sha256Of(body) !== header.sha256) {
    throw damaged('SHA-256 mismatch');
  }
  return { header, body };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined; // rejected by the schema
  }
}

function damaged(why: string): OperationalError {
  return new OperationalError('FRAME', `the spool entry is damaged: ${why}`);
}
