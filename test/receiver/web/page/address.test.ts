/** The address of each state. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Place,
  addressOf,
  placeOf,
  startPlace,
} from '../../../../receiver/web/page/address.js';

describe('an address', () => {
  it('leads back to the same place', () => {
    const places = fc.record<Place>({
      camera: fc.constantFrom(null, 'yard', 'front-door-2'),
      at: fc.option(fc.integer({ min: Date.UTC(2001), max: Date.UTC(2099) }), { nil: null }),
      span: fc.constantFrom(1000, 60_000, 3_600_000, 86_400_000, 2_592_000_000),
      zone: fc.constantFrom('camera', 'reader'),
      boxes: fc.boolean(),
      view: fc.constantFrom('one', 'all'),
    });
    fc.assert(
      fc.property(places, (place) => {
        expect(placeOf(addressOf(place))).toEqual(place);
      }),
    );
  });

  it('is short and readable', () => {
    expect(addressOf(startPlace)).toBe('#');
    const at = Date.UTC(2026, 10, 26, 3, 0, 12, 500);
    expect(addressOf({ ...startPlace, camera: 'yard', at, span: 3_600_000 })).toBe(
      '#camera=yard&at=2026-11-26T03:00:12.500Z&span=3600',
    );
  });

  it.each([
    '',
    '#',
    '#camera=<script>&at=never&span=-1&zone=mars&boxes=yes&view=none',
    '#camera=../../etc&span=NaN',
    '#%',
  ])('that is not understood, %s, is the start', (hash) => {
    expect(placeOf(hash)).toEqual(startPlace);
  });

  it('of any text leads to a place that can be shown', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (at, span) => {
        const place = placeOf(`#at=${encodeURIComponent(at)}&span=${encodeURIComponent(span)}`);
        expect(place.span).toBeGreaterThanOrEqual(1000);
        expect(place.at === null || Number.isFinite(place.at)).toBe(true);
      }),
    );
  });
});
