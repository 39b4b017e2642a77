/** The offsets from UTC that a camera's entries state: where a day of its local time starts and ends. Pure. */

/** Start and end in the camera's own local time: milliseconds as if its zone were UTC. */
export interface LocalRange {
  readonly fromLocalMs: number;
  readonly toLocalMs: number;
}

export interface Offset {
  /** From then on; the first one also before. */
  readonly fromMs: number;
  readonly utcOffsetMinutes: number;
}

const minuteMs = 60_000;
type Place = 'before' | 'first' | 'last' | 'after';

export class CameraZone {
  readonly #range: LocalRange;
  /** Of the entries nearest to the start and to the end of the range, outside of it and inside. */
  readonly #nearest = new Map<Place, { readonly awayMs: number; readonly offset: number }>();
  /** By offset: its first entry in the range. */
  readonly #firsts = new Map<number, number>();

  constructor(range: LocalRange) {
    this.#range = range;
  }

  /** @returns whether the moment is in the range */
  add(atMs: number, offset: number): boolean {
    const localMs = atMs + offset * minuteMs;
    const { fromLocalMs, toLocalMs } = this.#range;
    if (localMs < fromLocalMs) this.#near('before', fromLocalMs - localMs, offset);
    else if (localMs >= toLocalMs) this.#near('after', localMs - toLocalMs, offset);
    else {
      this.#near('first', localMs - fromLocalMs, offset);
      this.#near('last', toLocalMs - localMs, offset);
      this.#firsts.set(offset, Math.min(atMs, this.#firsts.get(offset) ?? Infinity));
      return true;
    }
    return false;
  }

  /** The range in milliseconds since 1970 UTC. @param otherwise the offset of a camera without entries */
  window(otherwise: number): { readonly fromMs: number; readonly toMs: number } {
    const { fromLocalMs, toLocalMs } = this.#range;
    return {
      fromMs: fromLocalMs - this.#offset(['before', 'first', 'after'], otherwise) * minuteMs,
      toMs: toLocalMs - this.#offset(['after', 'last', 'before'], otherwise) * minuteMs,
    };
  }

  /** In order of time; at least one. @param otherwise as for `window` */
  offsets(otherwise: number): readonly Offset[] {
    const offsets = [...this.#firsts].map(([utcOffsetMinutes, fromMs]) => {
      return { fromMs, utcOffsetMinutes };
    });
    if (offsets.length > 0) return offsets.sort((a, b) => a.fromMs - b.fromMs);
    const utcOffsetMinutes = this.#offset(['before', 'after'], otherwise);
    return [{ fromMs: this.window(otherwise).fromMs, utcOffsetMinutes }];
  }

  #offset(places: readonly Place[], otherwise: number): number {
    for (const place of places) {
      const found = this.#nearest.get(place);
      if (found !== undefined) return found.offset;
    }
    return otherwise;
  }

  #near(place: Place, awayMs: number, offset: number): void {
    if (awayMs < (this.#nearest.get(place)?.awayMs ?? Infinity)) {
      this.#nearest.set(place, { awayMs, offset });
    }
  }
}

/** The camera's local time as if its zone were UTC. */
export function localMsAt(atMs: number, offsets: readonly Offset[]): number {
  const offset = offsets.findLast(({ fromMs }) => fromMs <= atMs) ?? offsets[0];
  return atMs + (offset?.utcOffsetMinutes ?? 0) * minuteMs;
}
