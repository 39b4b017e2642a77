/** Random numbers as a function of their arguments: the same in every run. Pure. */

/** 0 <= result < 2**32, unrelated for neighbouring arguments. */
export function hash(a: number, b = 0, c = 0): number {
  let mixed =
    Math.imul(a | 0, 0x9e3779b1) ^ Math.imul(b | 0, 0x85ebca6b) ^ Math.imul(c | 0, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** 0 <= result < 1. */
export function random(a: number, b = 0, c = 0): number {
  return hash(a, b, c) / 2 ** 32;
}

/** A smooth random field, 0..1, that varies over distances of about 1. */
export function cloudiness(x: number, y: number, seed: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [shareX, shareY] = [smooth(x - left), smooth(y - top)];
  const upper = random(left, top, seed) * (1 - shareX) + random(left + 1, top, seed) * shareX;
  const lower =
    random(left, top + 1, seed) * (1 - shareX) + random(left + 1, top + 1, seed) * shareX;
  return upper * (1 - shareY) + lower * shareY;
}

/** `cloudiness` with finer detail. */
export function texture(x: number, y: number, seed: number): number {
  const coarse = cloudiness(x, y, seed);
  const middle = cloudiness(x * 2.1, y * 2.1, seed + 1);
  const fine = cloudiness(x * 4.3, y * 4.3, seed + 2);
  return (coarse * 4 + middle * 2 + fine) / 7;
}

const smooth = (share: number): number => share * share * (3 - 2 * share);
