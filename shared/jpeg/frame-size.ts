/** The size of a picture, from its frame header (ITU-T T.81, B.2.2) of any coding process. Pure. */
import { EOI, SOS, isFrameHeader } from './markers.js';
import { readSegment } from './segments.js';

export interface FrameSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** @returns undefined when the JPEG has no frame header before its first scan, or is damaged before it */
export function readFrameSize(jpeg: Buffer): FrameSize | undefined {
  try {
    for (let at = 2; ;) {
      const { code, payload, end } = readSegment(jpeg, at);
      if (code === SOS || code === EOI) return undefined;
      if (isFrameHeader(code) && payload.length >= 5) {
        return { widthPx: payload.readUInt16BE(3), heightPx: payload.readUInt16BE(1) };
      }
      at = end;
    }
  } catch {
    return undefined;
  }
}
