/** The state of the page in its address, behind `#`: to bookmark it and to go back to it. Pure. */
import { clampTime, maxSpanMs, minSpanMs } from './time-scale.js';

export interface Place {
  /** null: the first camera. */
  readonly camera: string | null;
  /** Milliseconds; null: the newest frame, and it moves along. */
  readonly at: number | null;
  /** Of the time line, in milliseconds. */
  readonly span: number;
  readonly zone: 'camera' | 'reader';
  readonly boxes: boolean;
  /** `one`: the picture of a camera; `all`: what each camera saw at the moment. */
  readonly view: 'one' | 'all';
}

export const startPlace: Place = {
  ...{ camera: null, at: null, span: 86_400_000 },
  ...{ zone: 'camera', boxes: false, view: 'one' },
};

/** `#camera=yard&at=2026-11-26T03:00:12.500Z&span=3600&boxes=1`; what is as at the start is left out. */
export function addressOf(place: Place): string {
  const parts: string[] = [];
  if (place.camera !== null) parts.push(`camera=${encodeURIComponent(place.camera)}`);
  if (place.at !== null) parts.push(`at=${new Date(place.at).toISOString()}`);
  if (Math.round(place.span) !== startPlace.span) {
    parts.push(`span=${Number((place.span / 1000).toPrecision(4))}`);
  }
  if (place.zone !== 'camera') parts.push(`zone=${place.zone}`);
  if (place.boxes) parts.push('boxes=1');
  if (place.view !== 'one') parts.push(`view=${place.view}`);
  return parts.length === 0 ? '#' : `#${parts.join('&')}`;
}

/** Whatever is not understood is as at the start. */
export function placeOf(hash: string): Place {
  const values = new URLSearchParams(hash.replace(/^#/, ''));
  const camera = values.get('camera');
  const at = Date.parse(values.get('at') ?? '');
  const span = Number(values.get('span') ?? NaN) * 1000;
  return {
    camera: camera !== null && /^[a-z0-9][a-z0-9-]{0,62}$/.test(camera) ? camera : null,
    at: Number.isFinite(at) ? clampTime(at) : null,
    span: span > 0 ? Math.min(maxSpanMs, Math.max(minSpanMs, span)) : startPlace.span,
    zone: values.get('zone') === 'reader' ? 'reader' : 'camera',
    boxes: values.get('boxes') === '1',
    view: values.get('view') === 'all' ? 'all' : 'one',
  };
}
