/** The car that drives past the yard of the demo scene. Pure. */
import { type Colour, ellipse, fill, limb, type Point, polygon, scaled } from './scene-canvas.js';
import { pick, placer, shadow, type Visitor } from './scene-visitor.js';

const paints: readonly Colour[] = [
  [178, 40, 44],
  [228, 226, 220],
  [52, 88, 140],
  [74, 120, 104],
];

export const car: Visitor = {
  reach: 170,
  draw(canvas, pose) {
    const at = placer(pose, 462);
    const paint = pick(paints, pose.appearance);
    const shape = (...points: readonly Point[]) => polygon(points.map((point) => at(...point)));
    fill(canvas, ellipse(pose.x + 4, 463, 156, 9), { colour: shadow, opacity: 0.6, blur: 8 });
    const roof = shape([-92, 54], [-62, 92], [34, 94], [78, 56]);
    fill(canvas, roof, { colour: scaled(paint, 0.95), blur: 3 });
    const glass = { colour: [52, 70, 84] as const };
    fill(canvas, shape([-78, 57], [-56, 86], [-20, 87], [-20, 57]), glass);
    fill(canvas, shape([-14, 57], [-14, 87], [30, 88], [64, 57]), glass);
    fill(canvas, shape([-14, 57], [-14, 87], [-2, 87], [16, 57]), {
      colour: [122, 146, 158],
      opacity: 0.6,
    });
    const colour = (_: number, y: number): Colour =>
      scaled(paint, y < 420 ? 1.1 : 1.02 - (y - 420) / 90);
    const body = shape(
      [-146, 22],
      [-146, 48],
      [-134, 58],
      [84, 58],
      [132, 48],
      [146, 38],
      [147, 20],
      [140, 14],
      [-140, 14],
    );
    fill(canvas, body, { colour, blur: 3 });
    fill(canvas, limb(at(-140, 20), 4, at(140, 20), 4), { colour: scaled(paint, 0.55) });
    fill(canvas, limb(at(-17, 16), 0.8, at(-17, 56), 0.8), { colour: scaled(paint, 0.6) });
    fill(canvas, limb(at(-30, 46), 1.6, at(-22, 46), 1.6), { colour: [210, 210, 206] });
    fill(canvas, ellipse(...at(139, 40), 6, 5), { colour: [255, 244, 200] });
    fill(canvas, ellipse(...at(-143, 44), 4, 6), { colour: [220, 50, 40] });
    for (const ahead of [-88, 92]) {
      const [x, y] = at(ahead, 20);
      fill(canvas, ellipse(x, y - 2, 26, 25), { colour: scaled(paint, 0.35) });
      fill(canvas, ellipse(x, y, 21, 21), { colour: [30, 30, 32] });
      fill(canvas, ellipse(x, y, 12, 12), { colour: [186, 188, 190] });
      for (let spoke = 0; spoke < 5; spoke++) {
        const angle = (pose.travelled / 21) * pose.direction + (spoke * 2 * Math.PI) / 5;
        const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
        fill(canvas, limb([x + 3 * dx, y + 3 * dy], 1.5, [x + 11 * dx, y + 11 * dy], 1.5), {
          colour: [90, 92, 96],
        });
      }
    }
  },
};
