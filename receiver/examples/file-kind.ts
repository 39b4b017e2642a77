/**
 * What the bytes of a file say about where it ends: some kinds have a mark at their end, and half of such a file
 * can be told from the whole. Pure.
 */

interface Kind {
  readonly extension: string;
  readonly head: Buffer;
  /** Stands in the last bytes of a whole file; some programs write a little more after it. */
  readonly mark: Buffer;
}

/** ISO 32000-1 7.5.5, PNG (RFC 2083) 12.12, APPNOTE.TXT 4.3.16, ITU-T T.81 B.1.1.3. */
const kinds: readonly Kind[] = [
  { extension: '.pdf', head: Buffer.from('%PDF-'), mark: Buffer.from('%%EOF') },
  { extension: '.png', head: Buffer.from('89504e470d0a1a0a', 'hex'), mark: Buffer.from('IEND') },
  { extension: '.zip', head: Buffer.from('504b0304', 'hex'), mark: Buffer.from('504b0506', 'hex') },
  { extension: '.jpg', head: Buffer.from('ffd8ff', 'hex'), mark: Buffer.from('ffd9', 'hex') },
];

/** The most that may follow a mark. */
export const tailBytes = 1024;
export const headBytes = 8;

export interface Judgement {
  /** With its dot; empty for a kind that is not known. */
  readonly extension: string;
  /** Undefined: nothing in it says where it ends. */
  readonly isWhole: boolean | undefined;
}

/**
 * @param head the first bytes, `headBytes` where there are so many
 * @param tail the last bytes, `tailBytes` where there are so many
 */
export function judgeFile(head: Buffer, tail: Buffer): Judgement {
  const kind = kinds.find((each) => head.subarray(0, each.head.length).equals(each.head));
  if (kind === undefined) return { extension: '', isWhole: undefined };
  return { extension: kind.extension, isWhole: tail.includes(kind.mark) };
}
