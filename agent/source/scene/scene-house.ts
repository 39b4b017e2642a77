/** The house of the demo scene. Pure. */
import {
  box,
  type Canvas,
  type Colour,
  ellipse,
  fill,
  limb,
  mix,
  polygon,
  scaled,
} from './scene-canvas.js';
import { random, texture } from './scene-random.js';

export function drawHouse(canvas: Canvas, seed: number): void {
  const plaster = (x: number, y: number): Colour => {
    const light = 1.02 - 0.1 * (x / 260) + 0.07 * (texture(x / 6, y / 6, seed + 50) - 0.5);
    return scaled([232, 216, 186], light);
  };
  fill(canvas, box(-10, 40, 262, 300), { colour: plaster });
  const bricks = (x: number, y: number): Colour => {
    const row = Math.floor(y / 8);
    const column = Math.floor((x + (row % 2) * 9) / 18);
    const isJoint = y % 8 < 1.4 || (x + (row % 2) * 9) % 18 < 1.4;
    return isJoint
      ? [176, 164, 150]
      : scaled([158, 88, 66], 0.85 + 0.3 * random(row, column, seed));
  };
  fill(canvas, box(-10, 264, 262, 300), { colour: bricks });
  fill(canvas, box(254, 40, 262, 300), { colour: [120, 100, 80], opacity: 0.35, blur: 6 });
  drawRoof(canvas, seed);
  drawDoor(canvas);
  drawWindow(canvas, seed);
}

function drawRoof(canvas: Canvas, seed: number): void {
  fill(canvas, box(-10, 52, 262, 74), { colour: [60, 44, 36], opacity: 0.45, blur: 16 });
  const tiles = (x: number, y: number): Colour => {
    const row = Math.floor(y / 11);
    const column = Math.floor((x + (row % 2) * 8) / 16);
    const roundness = 0.8 + 0.25 * Math.sin((((x + (row % 2) * 8) % 16) / 16) * Math.PI);
    const lower = y % 11 > 9 ? 0.7 : 1;
    return scaled([176, 84, 58], roundness * lower * (0.9 + 0.2 * random(row, column, seed + 60)));
  };
  fill(
    canvas,
    polygon([
      [-10, -10],
      [254, -10],
      [288, 56],
      [-10, 56],
    ]),
    { colour: tiles },
  );
  fill(canvas, box(-10, 54, 290, 62, 3), { colour: [226, 222, 212] });
  fill(canvas, limb([256, 60], 3, [256, 296], 3), { colour: [204, 200, 190] });
}

function drawDoor(canvas: Canvas): void {
  fill(canvas, box(146, 140, 222, 300), { colour: [240, 236, 224] });
  fill(canvas, box(153, 147, 215, 300), { colour: [34, 96, 104] });
  for (const [left, top, right, bottom] of [
    [161, 208, 181, 246],
    [187, 208, 207, 246],
    [161, 254, 181, 290],
    [187, 254, 207, 290],
  ] as const) {
    fill(canvas, box(left, top, right, bottom, 2), { colour: [24, 74, 82] });
    fill(canvas, box(left + 2, top + 2, right, bottom, 2), { colour: [42, 108, 116] });
  }
  fill(canvas, ellipse(184, 180, 20, 20), { colour: [240, 236, 224] });
  fill(canvas, ellipse(184, 180, 17, 17), {
    colour: (x, y) => mix([60, 84, 100], [168, 196, 208], (x + y - 330) / 60),
  });
  fill(canvas, box(183, 163, 185, 197), { colour: [240, 236, 224] });
  fill(canvas, box(167, 179, 201, 181), { colour: [240, 236, 224] });
  fill(canvas, ellipse(208, 232, 3.5, 3.5), { colour: [226, 190, 90] });
  fill(canvas, box(140, 296, 228, 306, 2), { colour: [176, 170, 160] });
  fill(canvas, box(140, 305, 228, 309, 1), { colour: [96, 92, 84] });
  fill(canvas, box(176, 108, 192, 112, 1), { colour: [50, 50, 54] });
  fill(canvas, box(178, 112, 190, 128, 3), { colour: [250, 226, 150] });
  fill(canvas, ellipse(184, 121, 26, 24), { colour: [255, 236, 170], opacity: 0.28, blur: 24 });
}

function drawWindow(canvas: Canvas, seed: number): void {
  fill(canvas, box(26, 130, 122, 226, 2), { colour: [240, 236, 224] });
  const glass = (x: number, y: number): Colour =>
    mix([70, 96, 116], [176, 204, 216], texture(x / 40, (x + y) / 50, seed + 70));
  fill(canvas, box(33, 137, 115, 219), { colour: glass });
  for (const side of [-1, 1]) {
    const [edge, hem] = [74 + side * 41, 74 + side * 20];
    fill(
      canvas,
      polygon([
        [edge, 137],
        [hem, 137],
        [74 + side * 33, 219],
        [edge, 219],
      ]),
      { colour: [236, 228, 214], opacity: 0.85 },
    );
  }
  fill(canvas, box(72, 137, 76, 219), { colour: [240, 236, 224] });
  fill(canvas, box(33, 172, 115, 176), { colour: [240, 236, 224] });
  fill(canvas, box(20, 226, 128, 242, 2), { colour: [128, 82, 54] });
  for (let n = 0; n < 46; n++) {
    const [x, y] = [24 + 100 * random(n, 1, seed), 216 + 12 * random(n, 2, seed)];
    fill(canvas, ellipse(x, y, 4, 4), { colour: n % 2 ? [72, 112, 52] : [98, 140, 66] });
  }
  for (let n = 0; n < 22; n++) {
    const [x, y] = [24 + 100 * random(n, 3, seed), 213 + 12 * random(n, 4, seed)];
    fill(canvas, ellipse(x, y, 3.2, 3.2), { colour: n % 3 ? [214, 58, 70] : [246, 214, 222] });
  }
}
