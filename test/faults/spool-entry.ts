/** Parses an entry of the agent's spool, without the agent's code. Pure. */

/** The picture up to its end marker. No picture of the suite's camera has another one inside. */
export function jpegIn(entry: Buffer): Buffer {
  const end = entry.indexOf(Buffer.from([0xff, 0xd9]));
  return end < 0 ? entry : entry.subarray(0, end + 2);
}

/** The header of an entry: JSON, then its length in four bytes, then eight letters. */
export function headerIn(entry: Buffer): Record<string, unknown> {
  const end = entry.length - 12;
  const text = entry.toString('utf8', end - entry.readUInt32BE(end), end);
  return JSON.parse(text) as Record<string, unknown>;
}
