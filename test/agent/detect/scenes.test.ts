/** Scenes that the motion detector must tell apart, from generated frames: what moved, who stays, light, wind. */
import { describe, expect, it } from 'vitest';
import { type Cells, randomFrom, withVisitor, within, yard } from './pictures.js';
import { Watch, watching } from './watch.js';

const place: Cells = [30, 20, 6, 12];

/** A texture of clothes and limbs: its brightness at a point, at any offset, in cells. */
const textureAt = (column: number, row: number): number =>
  140 + 40 * Math.sin(1.3 * column + 0.4) + 30 * Math.sin(0.9 * row + 0.7 * column);

describe('a chair that was put down', () => {
  it.each([
    [100, 8, 5],
    [200, 8, 5],
    [500, 4, 10],
    [1000, 4, 10],
  ])(
    'is absorbed after 20 s, at an interval of %i ms, with noise of %i greys that decays in %i s',
    (intervalMs, noiseGreys, decayS) => {
      const watch = watching({ intervalMs });
      const random = randomFrom(3);
      const perS = 1000 / intervalMs;
      // Somebody carries it in for ten seconds.
      watch.countChanged(10 * perS, (frame) =>
        withVisitor(yard(), [10 + Math.floor((2 * frame) / perS), 20, 8, 14]),
      );
      const chair = (frame: number) => {
        const greys = noiseGreys * Math.exp(-frame / perS / decayS);
        return within(
          yard(),
          place,
          (_, column, row) => textureAt(column, row) + greys * (random() * 2 - 1),
        );
      };
      const seconds = watch.countChanged(40 * perS, chair) / perS;
      expect(seconds).toBeGreaterThanOrEqual(18);
      expect(seconds).toBeLessThanOrEqual(22);
    },
  );
});

describe('a person who sits', () => {
  it.each([200, 1000])(
    'is never absorbed within five minutes, at an interval of %i ms',
    (intervalMs) => {
      const watch = watching({ intervalMs });
      const frames = 300_000 / intervalMs;
      // Leans by half a cell in each direction, once a minute, and moves a hand every 15 s.
      const sitting = (frame: number) => {
        const seconds = (frame * intervalMs) / 1000;
        const lean = 0.5 * Math.sin((2 * Math.PI * seconds) / 60);
        const hand = Math.floor(seconds / 15) % 2;
        return within(yard(), place, (_, column, row) =>
          textureAt(column + lean + (row < 24 && column > 33 ? hand : 0), row),
        );
      };
      expect(watch.countChanged(frames, sitting)).toBeGreaterThanOrEqual(frames - 1);
    },
  );
});

describe('a person who is there from the first frame', () => {
  it('leaves a ghost for little more than a second', () => {
    const watch = new Watch({ intervalMs: 200 });
    watch.countChanged(50, () => withVisitor(yard(), place));
    expect(watch.countChanged(50, () => yard())).toBeLessThanOrEqual(7);
  });
});

describe('a person who sits still in front of bright books', () => {
  it('is no ghost, although the books have more contrast to the wall than the person', () => {
    const wall = within(yard(), [0, 0, 80, 60], () => 100);
    const books = within(wall, place, (luma, column, row) => ((column + row) % 2 ? 250 : luma));
    const watch = new Watch({ intervalMs: 200 });
    watch.countChanged(60, () => books);
    expect(watch.countChanged(75, () => withVisitor(books, place, 125))).toBe(75 - 1);
  });
});

describe('a visitor at five frames a second', () => {
  const inFrames = (places: readonly Cells[]): number => {
    const watch = watching({ intervalMs: 200 });
    return watch.countChanged(places.length + 5, (frame) => {
      const at = places[frame];
      return at === undefined ? yard() : withVisitor(yard(), at);
    });
  };

  it('who is in view for two frames is seen', () => {
    expect(
      inFrames([
        [10, 20, 5, 12],
        [16, 20, 5, 12],
      ]),
    ).toBe(1);
  });

  it('who is close and runs is seen in each frame, although no two are near each other', () => {
    expect(
      inFrames([
        [5, 20, 8, 14],
        [40, 20, 8, 14],
      ]),
    ).toBe(2);
    expect(inFrames([[5, 20, 8, 14]])).toBe(1);
  });

  it('and an insect close to the lens is not', () => {
    expect(
      inFrames([
        [5, 20, 6, 10],
        [40, 50, 6, 10],
        [60, 5, 6, 10],
      ]),
    ).toBe(0);
  });
});

describe('a lamp', () => {
  /** A room: furniture, and the texture of a carpet. */
  const room = within(
    yard(),
    [0, 0, 80, 60],
    (_, column, row) => 0.6 * textureAt(column, row) + 20,
  );
  const learned = (intervalMs: number) => {
    const watch = watching({ intervalMs });
    watch.countChanged(60, () => room);
    return watch;
  };
  const lit = (share: number, edgeCells = 0) =>
    within(room, [0, 0, 80, 60], (luma, column) => {
      const inside = (80 * share - column) / Math.max(edgeCells, 0.01);
      return luma * (1 + 0.6 * Math.min(1, Math.max(0, inside)));
    });

  it.each([
    [10, 0],
    [30, 0],
    [50, 0],
    [10, 6],
    [30, 6],
    [50, 6],
  ])(
    'on %i per cent of a textured scene is at most one frame, with an edge of %i cells',
    (percent, edge) => {
      for (const intervalMs of [200, 1000]) {
        const watch = learned(intervalMs);
        expect(watch.countChanged(20, () => lit(percent / 100, edge))).toBeLessThanOrEqual(1);
        expect(watch.countChanged(20, () => room)).toBeLessThanOrEqual(1);
      }
    },
  );

  it('does not hide the person who switches it on', () => {
    const watch = learned(200);
    const person = (frame: number) =>
      within(lit(0.5), [8 + frame, 20, 6, 14], (_, column, row) => 200 - 30 * ((column + row) % 3));
    expect(watch.countChanged(10, person)).toBeGreaterThanOrEqual(9);
  });

  /** A window, a mirror: too bright for the camera once the lamp is on, so that its texture is lost. */
  const mirror: Cells = [12, 30, 8, 8];
  const glaring = (frame: ReturnType<typeof lit>) => within(frame, mirror, () => 255);

  it('leaves what is too bright a change for two seconds, not for --absorb', () => {
    for (const [intervalMs, atMost] of [
      [200, 12],
      [1000, 4],
      [60_000, 4],
    ] as const) {
      const watch = learned(intervalMs);
      const count = watch.countChanged(30, () => glaring(lit(0.3)));
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThanOrEqual(atMost);
      expect(watch.countChanged(10, () => room)).toBe(0);
    }
  });

  it('that is switched off again leaves somebody who came with it a change while they move', () => {
    const watch = learned(200);
    watch.countChanged(30, () => lit(0.5));
    const person = (frame: number) =>
      within(
        room,
        [8 + (frame % 10), 20, 6, 14],
        (_, column, row) => 200 - 30 * ((column + row) % 3),
      );
    expect(watch.countChanged(50, person)).toBeGreaterThanOrEqual(49);
  });

  it('does not absorb somebody who sits when it is switched', () => {
    const watch = learned(200);
    const sitting = (frame: ReturnType<typeof lit>) =>
      within(frame, [20, 20, 8, 14], (_, column, row) => textureAt(2 * row, column));
    watch.countChanged(20, () => sitting(room));
    expect(watch.countChanged(40, () => sitting(lit(0.4)))).toBe(40);
  });

  it('on a white wall, which has no texture, is a change', () => {
    const watch = watching({ intervalMs: 200 });
    const wall = within(yard(), [0, 0, 80, 60], () => 120);
    watch.countChanged(60, () => wall);
    expect(watch.countChanged(10, () => withVisitor(wall, [10, 10, 30, 30], 170))).toBe(10);
  });

  it('is told from a person in front of a texture', () => {
    const watch = learned(200);
    const plain = (frame: number) => withVisitor(room, [8 + frame, 20, 8, 18], 60);
    expect(watch.countChanged(20, plain)).toBe(20);
  });
});

describe('gusts after 100 calm frames', () => {
  const tree: Cells = [40, 5, 30, 30];
  const random = randomFrom(7);
  /** Bunches of leaves, three cells wide and high, turn their bright side now and then. */
  const windy = () => {
    const isTurned = Array.from({ length: 100 }, () => random() < 0.3);
    return within(yard(), tree, (luma, column, row) => {
      const bunch = Math.floor((column - 40) / 3) + 10 * Math.floor((row - 5) / 3);
      return luma + (isTurned[bunch] ? 30 * random() : 0);
    });
  };

  it('are learned within some seconds, and a visitor in front of them is seen', () => {
    const watch = watching({ intervalMs: 200 });
    watch.countChanged(100, () => yard());
    expect(watch.countChanged(200, windy)).toBeLessThanOrEqual(15);
    expect(watch.countChanged(100, windy)).toBe(0);
    const visit = (frame: number) => withVisitor(windy(), [40 + frame, 10, 8, 18], 255);
    expect(watch.countChanged(20, visit)).toBeGreaterThanOrEqual(19);
  });
});

describe('a camera that is turned by a few per cent', () => {
  /** A room with furniture, whose edges are those of large plain things. */
  const room = (shift: number) =>
    within(yard(), [0, 0, 80, 60], (_, column, row) => {
      const thing = (((column + shift) >> 2) + (row >> 2)) % 3;
      return 60 + column + 25 * thing + 20 * ((row >> 3) % 2);
    });

  it.each([
    [200, 2],
    [200, 5],
    [1000, 2],
    [1000, 5],
  ])('is a new scene within seconds, at an interval of %i ms, by %i cells', (intervalMs, shift) => {
    const watch = watching({ intervalMs });
    watch.countChanged(60, () => room(0));
    const seconds =
      (watch.countChanged(30_000 / intervalMs, () => room(shift)) * intervalMs) / 1000;
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(4);
    expect(watch.countChanged(10, () => withVisitor(room(shift), place))).toBeGreaterThanOrEqual(9);
  });
});

describe('a camera that is turned by about a cell', () => {
  const samples = 4;
  const random = randomFrom(2);
  const greys = Array.from({ length: 20 * 20 }, () => 55 + 90 * random());
  /** Furniture with edges at any place, and a little texture, drawn finely as a camera sees it. */
  const room = (shift: number) =>
    within(yard(), [0, 0, 80, 60], (_, column, row) => {
      let sum = 0;
      for (let i = 0; i < samples; i++) {
        const x = column + shift + i / samples;
        sum += greys[20 * Math.floor(row / 11) + Math.floor((x + 1) / 9)]! + 4 * Math.sin(2 * x);
      }
      return sum / samples;
    });

  it.each([200, 1000])(
    'is a change for three seconds at most, at an interval of %i ms',
    (intervalMs) => {
      for (const shift of [1, 1.25, 1.5]) {
        const watch = watching({ intervalMs });
        watch.countChanged(60, () => room(0));
        const changed = watch.countChanged(30_000 / intervalMs, () => room(shift));
        expect((changed * intervalMs) / 1000).toBeLessThanOrEqual(3);
        const visit = () => withVisitor(room(shift), place, 220);
        expect(watch.countChanged(10, visit)).toBeGreaterThanOrEqual(9);
      }
    },
  );

  it('does not hide somebody who sits', () => {
    const watch = watching({ intervalMs: 200 });
    const sitting = (shift: number) => withVisitor(room(shift), place, 220);
    watch.countChanged(60, () => room(0));
    watch.countChanged(20, () => sitting(0));
    expect(watch.countChanged(50, () => sitting(1))).toBe(50);
  });
});
