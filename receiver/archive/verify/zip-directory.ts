/** Reads the central directory of a zip file whose entries are stored (APPNOTE 6.3, with Zip64). */
import type { FileHandle } from 'node:fs/promises';

export interface ZipEntry {
  readonly name: string;
  /** Of its first byte in the archive. */
  readonly atByte: number;
  readonly bytes: number;
  readonly crc: number;
}

/** Why a file is not a zip file that can be read, as a sentence. */
export class ZipError extends Error {}

const endBytes = 22;
const maxComment = 65_535;
const maxDirectoryBytes = 2 ** 30;
const max32 = 0xffff_ffff;

/** @throws {ZipError}; a system error */
export async function readZipDirectory(file: FileHandle): Promise<Map<string, ZipEntry>> {
  const { size } = await file.stat();
  const tail = await readAt(file, Math.max(0, size - endBytes - maxComment), size);
  const end = tail.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0 || end + endBytes > tail.length) {
    throw new ZipError('it is not a whole zip file: its end is missing');
  }
  const place = await directoryPlace(file, tail, end, size - tail.length);
  if (place.bytes > maxDirectoryBytes || place.atByte + place.bytes > size) {
    throw new ZipError('its list of files does not fit into it');
  }
  const directory = await readAt(file, place.atByte, place.atByte + place.bytes);
  const entries = new Map<string, ZipEntry>();
  for (let at = 0; at < directory.length;) {
    if (directory.length - at < 46 || directory.readUInt32LE(at) !== 0x02014b50) {
      throw new ZipError('its list of files is damaged');
    }
    const nameBytes = directory.readUInt16LE(at + 28);
    const extraBytes = directory.readUInt16LE(at + 30);
    const next = at + 46 + nameBytes + extraBytes + directory.readUInt16LE(at + 32);
    if (next > directory.length) throw new ZipError('its list of files is damaged');
    const name = directory.toString('utf8', at + 46, at + 46 + nameBytes);
    const extra = directory.subarray(at + 46 + nameBytes, at + 46 + nameBytes + extraBytes);
    if (entries.has(name)) throw new ZipError(`it has ${name} twice`);
    entries.set(name, await entryOf(file, directory, at, name, extra));
    at = next;
  }
  if (entries.size !== place.count) throw new ZipError('its list of files is not whole');
  return entries;
}

interface DirectoryPlace {
  readonly atByte: number;
  readonly bytes: number;
  readonly count: number;
}

async function directoryPlace(
  file: FileHandle,
  tail: Buffer,
  end: number,
  tailAt: number,
): Promise<DirectoryPlace> {
  const count = tail.readUInt16LE(end + 10);
  const [bytes, atByte] = [tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16)];
  if (count !== 0xffff && bytes !== max32 && atByte !== max32) return { atByte, bytes, count };
  const locator = end - 20;
  if (locator < 0 || tail.readUInt32LE(locator) !== 0x07064b50) return { atByte, bytes, count };
  const at = Number(tail.readBigUInt64LE(locator + 8));
  if (at > tailAt + end) throw new ZipError('its end is damaged');
  const record = await readAt(file, at, at + 56);
  if (record.length < 56 || record.readUInt32LE(0) !== 0x06064b50) {
    throw new ZipError('its end is damaged');
  }
  return {
    count: Number(record.readBigUInt64LE(32)),
    bytes: Number(record.readBigUInt64LE(40)),
    atByte: Number(record.readBigUInt64LE(48)),
  };
}

/** @param at of its header in the directory @throws {ZipError} */
async function entryOf(
  file: FileHandle,
  directory: Buffer,
  at: number,
  name: string,
  extra: Buffer,
): Promise<ZipEntry> {
  if (directory.readUInt16LE(at + 10) !== 0) {
    throw new ZipError(`${name} is compressed: unpack the file, and verify the folder`);
  }
  const crc = directory.readUInt32LE(at + 16);
  const wide = zip64Of(extra);
  const take = (value: number): number => (value === max32 ? Number(wide.shift() ?? value) : value);
  // The order of the wide values: size, stored size, place.
  const bytes = take(directory.readUInt32LE(at + 24));
  const stored = take(directory.readUInt32LE(at + 20));
  const headerAt = take(directory.readUInt32LE(at + 42));
  const header = await readAt(file, headerAt, headerAt + 30);
  if (header.length < 30 || header.readUInt32LE(0) !== 0x04034b50 || bytes !== stored) {
    throw new ZipError(`the header of ${name} is damaged`);
  }
  const [nameBytes, extraBytes] = [header.readUInt16LE(26), header.readUInt16LE(28)];
  const ownName = await readAt(file, headerAt + 30, headerAt + 30 + nameBytes);
  if (ownName.toString('utf8') !== name) throw new ZipError(`the header of ${name} is damaged`);
  return { name, atByte: headerAt + 30 + nameBytes + extraBytes, bytes, crc };
}

function zip64Of(extra: Buffer): bigint[] {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    const end = Math.min(at + 4 + extra.readUInt16LE(at + 2), extra.length);
    if (extra.readUInt16LE(at) !== 1) continue;
    const values: bigint[] = [];
    for (let value = at + 4; value + 8 <= end; value += 8)
      values.push(extra.readBigUInt64LE(value));
    return values;
  }
  return [];
}

/** @returns fewer bytes at the end of the file */
async function readAt(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(to - from), 0, to - from, from);
  return buffer.subarray(0, bytesRead);
}
