/** Pictures of the demo scene with what the detector says about them: the frames of made-up days. */
import { createHash } from 'node:crypto';
import jpeg from 'jpeg-js';
import { decodeSmall } from '../../../agent/detect/decode.js';
import { MotionDetector } from '../../../agent/detect/motion-detector.js';
import { drawScene } from '../../../agent/source/scene/scene-picture.js';
import type { WireVerdict } from '../../../shared/protocol/messages.js';

export interface Picture {
  readonly jpeg: Buffer;
  readonly sha256: string;
  readonly size: { readonly widthPx: number; readonly heightPx: number };
  /** Undefined: nothing changed. */
  readonly change: Pick<WireVerdict, 'ratio' | 'boxes' | 'strength'> | undefined;
}

export interface ClipWish {
  readonly seed: number;
  /** Of the scene; the first visitor is in view from about 2 s to 6 s. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly everyMs: number;
  readonly widthPx?: number;
  readonly heightPx?: number;
  /** 1: day. */
  readonly light?: number;
}

const settings = { sensitivity: 0.5, minArea: 0.002, absorbMs: 20_000 };

export function sceneClip(wish: ClipWish): Picture[] {
  const { seed, fromMs, toMs, everyMs, widthPx = 640, heightPx = 480, light = 1 } = wish;
  const detector = new MotionDetector(settings);
  const pictures: Picture[] = [];
  for (let atMs = fromMs; atMs < toMs; atMs += everyMs) {
    const { rgba } = drawScene({ seed, atMs, widthPx, heightPx });
    if (light !== 1) {
      for (let at = 0; at < rgba.length; at += 1) {
        if (at % 4 !== 3) rgba[at] = rgba[at]! * light + (at % 4 === 2 ? 8 : 0);
      }
    }
    const { data } = jpeg.encode({ data: rgba, width: widthPx, height: heightPx }, 80);
    const { kind, ratio, boxes, strength } = detector.detect(decodeSmall(data), 1e12 + atMs);
    pictures.push({
      jpeg: data,
      sha256: createHash('sha256').update(data).digest('hex'),
      size: { widthPx, heightPx },
      change: kind === 'change' ? { ratio, boxes: [...boxes], strength } : undefined,
    });
  }
  return pictures;
}
