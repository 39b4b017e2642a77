/**
 * Detects a file's kind, and whether the file is whole: some kinds have an end marker, which an incomplete file
 * lacks. Pure.
 */

interface Kind {
  readonly extension: string;
  readonly head: Buffer;
  /** In the last bytes of a whole file; some programs write a few bytes after it. */
  readonly endMarker: Buffer;
}

/** ISO 32000-1 7.5.5, PNG (RFC 2083) 12.12, APPNOTE.TXT 4.3.16, ITU-T T.81 B.1.1.3. */
const kinds: readonly Kind[] = [
  { extension: '.pdf', head: Buffer.from('%PDF-'), endMarker: Buffer.from('%%EOF') },
  {
    extension: '.png',
    head: Buffer.from('89504e470d0a1a0a', 'hex'),
    endMarker: Buffer.from('IEND'),
  },
  {
    extension: '.zip',
    head: Buffer.from('504b0304', 'hex'),
    endMarker: Buffer.from('504b0506', 'hex'),
  },
  { extension: '.jpg', head: Buffer.from('ffd8ff', 'hex'), endMarker: Buffer.from('ffd9', 'hex') },
];

/** The most that may follow an end marker, with the marker. */
export const tailBytes = 1024;
export const headBytes = 8;

export interface DetectedKind {
  /** With its dot; empty for an unknown kind. */
  readonly extension: string;
  /** Undefined: the kind has no end marker. */
  readonly isWhole: boolean | undefined;
}

/**
 * @param head the first `headBytes` bytes, or all of a shorter file
 * @param tail the last `tailBytes` bytes, or all of a shorter file
 */
export function detectKind(head: Buffer, tail: Buffer): DetectedKind {
  const kind = kinds.find((known) => head.subarray(0, known.head.length).equals(known.head));
  if (kind === undefined) return { extension: '', isWhole: undefined };
  return { extension: kind.extension, isWhole: tail.includes(kind.endMarker) };
}
