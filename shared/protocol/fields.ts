/** Fields that several messages have. Pure. */
import * as v from 'valibot';
import { maxUtcOffsetMinutes } from './frame-path.js';

export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const durationMs = v.pipe(
  v.number(),
  v.safeInteger(),
  v.minValue(0),
  v.maxValue(86_400_000),
);
/** The range of a JavaScript Date. */
export const wallTimeMs = v.pipe(
  v.number(),
  v.safeInteger(),
  v.minValue(-8.64e15),
  v.maxValue(8.64e15),
);
/** East positive. */
export const utcOffsetMinutes = v.pipe(
  v.number(),
  v.safeInteger(),
  v.minValue(-maxUtcOffsetMinutes),
  v.maxValue(maxUtcOffsetMinutes),
);
/** A word of a list that a newer version may extend. */
export const word = v.pipe(v.string(), v.regex(/^[a-z-]{1,32}$/));
/** Random id of one spool's life. */
export const epoch = v.pipe(v.string(), v.regex(/^[0-9a-f]{16,32}$/));
