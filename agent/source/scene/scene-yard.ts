/** The empty yard of the demo scene: sky, fence, lawn, path, street, tree. Pure. */
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
import { drawHouse } from './scene-house.js';
import { random, texture } from './scene-random.js';

/** Upper edges of lawn and street. */
const groundY = 288;
const streetY = 416;

/** Draws everything that does not move; light comes from the upper left. */
export function drawYard(canvas: Canvas, seed: number): void {
  drawSky(canvas, seed);
  drawFence(canvas, seed);
  drawLawn(canvas, seed);
  drawPath(canvas, seed);
  drawHouse(canvas, seed);
  drawFlowers(canvas, seed);
  drawStreet(canvas, seed);
}

function drawSky(canvas: Canvas, seed: number): void {
  const colour = (x: number, y: number): Colour => {
    const clear = mix([112, 164, 214], [206, 224, 236], Math.min(1, y / 190));
    const cloud = Math.max(0, texture(x / 130, y / 45, seed + 10) - 0.5) * 2.6;
    return mix(clear, [246, 246, 244], Math.min(0.9, cloud));
  };
  fill(canvas, box(0, 0, 640, 300), { colour });
  const hill = (x: number): number =>
    176 - 22 * Math.sin(x / 130 + 1) - 9 * texture(x / 14, 3, seed);
  const shape = {
    left: 0,
    top: 100,
    right: 640,
    bottom: 300,
    distance: (x: number, y: number) => hill(x) - y,
  };
  const woods = (x: number, y: number): Colour =>
    mix([120, 148, 140], [88, 122, 96], texture(x / 9, y / 7, seed + 20));
  fill(canvas, shape, { colour: woods, blur: 3 });
}

function drawFence(canvas: Canvas, seed: number): void {
  for (let x = 262; x < 640; x += 17) {
    const shade = 0.88 + 0.2 * random(x, seed);
    const colour = (atX: number, y: number): Colour => {
      const grain = 0.9 + 0.2 * texture((atX - x) / 2.5, y / 40, seed + x);
      return scaled([164, 122, 84], shade * grain);
    };
    fill(
      canvas,
      polygon([
        [x, 298],
        [x, 212],
        [x + 7.5, 202],
        [x + 15, 212],
        [x + 15, 298],
      ]),
      { colour },
    );
    fill(canvas, box(x + 15, 212, x + 17, 298), { colour: [70, 52, 38] });
  }
  for (const y of [222, 272]) {
    fill(canvas, box(262, y, 640, y + 7), { colour: [142, 104, 70] });
    fill(canvas, box(262, y + 7, 640, y + 10), { colour: [84, 60, 42], opacity: 0.7 });
  }
}

function drawLawn(canvas: Canvas, seed: number): void {
  const colour = (x: number, y: number): Colour => {
    // Grass is coarser and lighter towards the viewer.
    const near = (y - groundY) / (streetY - groundY);
    const blades = texture(x / (2 + 3 * near), y / (1.5 + 4 * near), seed + 30);
    const patches = texture(x / 90, y / 30, seed + 31);
    return mix([66, 104, 48], [128, 160, 78], blades * 0.55 + patches * 0.45 + near * 0.12);
  };
  fill(canvas, box(0, groundY, 640, streetY), { colour });
  fill(canvas, box(0, groundY - 6, 640, groundY + 12), {
    colour: [40, 60, 30],
    opacity: 0.4,
    blur: 12,
  });
}

function drawPath(canvas: Canvas, seed: number): void {
  const stones = (x: number, y: number): Colour => {
    const grain = texture(x / 3, y / 2, seed + 40);
    const patches = texture(x / 40, y / 12, seed + 41);
    return mix([172, 160, 140], [214, 204, 184], grain * 0.5 + patches * 0.5);
  };
  const fromDoor = polygon([
    [152, 296],
    [218, 296],
    [262, 340],
    [300, 416],
    [176, 416],
    [160, 340],
  ]);
  fill(canvas, fromDoor, { colour: stones, blur: 3 });
  fill(canvas, box(-20, 334, 660, 366), { colour: stones, blur: 3 });
  for (let x = -10; x < 640; x += 46) {
    fill(canvas, limb([x + 8, 335], 0.8, [x, 365], 1), { colour: [120, 110, 94], opacity: 0.6 });
  }
  for (const [y, left, right] of [
    [312, 158, 232],
    [384, 172, 284],
  ] as const) {
    fill(canvas, limb([left, y], 0.8, [right, y], 0.8), { colour: [120, 110, 94], opacity: 0.6 });
  }
}

function drawFlowers(canvas: Canvas, seed: number): void {
  for (let n = 0; n < 260; n++) {
    const [x, y] = [272 + 370 * random(n, 5, seed), 286 + 16 * random(n, 6, seed)];
    const leaf = mix([52, 88, 40], [110, 146, 68], random(n, 7, seed));
    fill(canvas, ellipse(x, y, 4, 5), { colour: leaf });
  }
  const petals: readonly Colour[] = [
    [230, 96, 110],
    [244, 206, 84],
    [238, 238, 246],
    [150, 104, 196],
  ];
  for (let n = 0; n < 70; n++) {
    const [x, y] = [274 + 364 * random(n, 8, seed), 281 + 18 * random(n, 9, seed)];
    fill(canvas, ellipse(x, y, 2.6, 2.6), { colour: petals[n % petals.length]! });
  }
}

function drawStreet(canvas: Canvas, seed: number): void {
  const asphalt = (x: number, y: number): Colour => {
    const grain =
      texture(x / 2, y / 1.5, seed + 80) * 0.6 + texture(x / 70, y / 10, seed + 81) * 0.4;
    return mix([88, 90, 94], [128, 128, 130], grain);
  };
  fill(canvas, box(-10, streetY, 650, 490), { colour: asphalt });
  fill(canvas, box(-10, streetY - 4, 650, streetY + 6), { colour: [190, 186, 178] });
  fill(canvas, box(-10, streetY + 6, 650, streetY + 11), { colour: [62, 62, 64], opacity: 0.8 });
  for (let x = 20; x < 640; x += 110) {
    fill(
      canvas,
      polygon([
        [x, 472],
        [x + 56, 472],
        [x + 54, 477],
        [x - 3, 477],
      ]),
      { colour: [206, 204, 194], opacity: 0.85 },
    );
  }
}

/** The tree at the right edge; its crown sways in the wind. */
export function drawTree(canvas: Canvas, seed: number, atMs: number): void {
  const bark = (x: number, y: number): Colour =>
    mix([66, 48, 36], [116, 90, 66], texture(x / 3, y / 14, seed + 90));
  fill(canvas, ellipse(592, 322, 78, 9), { colour: [28, 44, 24], opacity: 0.5, blur: 10 });
  fill(canvas, limb([574, 318], 13, [570, 190], 8), { colour: bark });
  fill(canvas, limb([571, 214], 6, [530, 160], 4), { colour: bark });
  fill(canvas, limb([571, 206], 6, [612, 150], 4), { colour: bark });
  const leaves = 150;
  for (let n = 0; n < leaves; n++) {
    // From the shaded underside at the back to the sunlit top at the front.
    const height = n / leaves;
    const angle = 2 * Math.PI * random(n, 10, seed);
    const spread = Math.sqrt(random(n, 11, seed)) * (1 - 0.35 * height);
    const x = 572 - 14 * height + 96 * spread * Math.cos(angle);
    const y = 138 - 34 * height + 66 * spread * Math.sin(angle);
    const sway = Math.sin(atMs / 700 + x / 60) + 0.5 * Math.sin(atMs / 310 + n);
    const lift = (200 - y) / 130;
    const shade = mix([40, 76, 34], [136, 170, 74], 0.75 * height + 0.25 * random(n, 12, seed));
    const radius = 11 + 10 * random(n, 13, seed);
    fill(canvas, ellipse(x + 1.4 * sway * lift, y + 0.4 * sway, radius, radius * 0.8), {
      colour: shade,
    });
  }
}
