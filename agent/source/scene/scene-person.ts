/** The person who walks through the yard of the demo scene. Pure. */
import { type Colour, ellipse, fill, limb, type Point, scaled } from './scene-canvas.js';
import { pick, placer, shadow, type Visitor } from './scene-visitor.js';

const coats: readonly Colour[] = [
  [196, 52, 48],
  [38, 70, 132],
  [232, 178, 54],
  [60, 64, 70],
  [92, 128, 88],
];
const trousers: readonly Colour[] = [
  [44, 50, 66],
  [92, 76, 60],
  [30, 32, 36],
];
const hairs: readonly Colour[] = [
  [58, 38, 26],
  [28, 24, 24],
  [206, 170, 104],
  [150, 146, 142],
];
const skins: readonly Colour[] = [
  [226, 178, 150],
  [150, 102, 74],
  [196, 144, 112],
];

export const person: Visitor = {
  reach: 52,
  draw(canvas, pose) {
    const at = placer(pose, 352);
    const coat = pick(coats, pose.appearance);
    const leg = pick(trousers, pose.appearance + 1);
    const skin = pick(skins, pose.appearance >> 1);
    const hair = pick(hairs, pose.appearance);
    // One stride is two steps of 60 units: the feet do not slide.
    const stride = (pose.travelled / 120) * 2 * Math.PI;
    const bob = 2 * Math.abs(Math.cos(stride));
    fill(canvas, ellipse(pose.x + 10, 353, 34, 5), { colour: shadow, opacity: 0.45, blur: 6 });

    const drawLeg = (phase: number, colour: Colour): void => {
      const swing = 0.52 * Math.sin(phase);
      const knee = swing - 0.12 - 0.85 * Math.max(0, Math.cos(phase));
      const hip: Point = [0, 62 + bob];
      const kneeAt: Point = [hip[0] + 31 * Math.sin(swing), hip[1] - 31 * Math.cos(swing)];
      const ankle: Point = [
        kneeAt[0] + 28 * Math.sin(knee),
        Math.max(3, kneeAt[1] - 28 * Math.cos(knee)),
      ];
      fill(canvas, limb(at(...hip), 9, at(...kneeAt), 6.5), { colour });
      fill(canvas, limb(at(...kneeAt), 6.5, at(...ankle), 4.5), { colour });
      fill(canvas, limb(at(...ankle), 4, at(ankle[0] + 9, ankle[1] - 1), 3), {
        colour: [36, 30, 28],
      });
    };
    const drawArm = (phase: number, colour: Colour): void => {
      const swing = 0.5 * Math.sin(phase);
      const elbow: Point = [1 + 22 * Math.sin(swing), 101 + bob - 22 * Math.cos(swing)];
      const hand: Point = [
        elbow[0] + 20 * Math.sin(swing + 0.45),
        elbow[1] - 20 * Math.cos(swing + 0.45),
      ];
      fill(canvas, limb(at(1, 101 + bob), 6.5, at(...elbow), 5.5), { colour });
      fill(canvas, limb(at(...elbow), 5.5, at(...hand), 4), { colour });
      fill(canvas, ellipse(...at(...hand), 4.2, 4.2), { colour: skin });
    };

    drawArm(stride, scaled(coat, 0.68));
    drawLeg(stride + Math.PI, scaled(leg, 0.78));
    drawLeg(stride, leg);
    fill(canvas, limb(at(0, 66 + bob), 13, at(2, 98 + bob), 14), { colour: coat });
    fill(canvas, limb(at(-1, 60 + bob), 13, at(0, 70 + bob), 13), { colour: coat });
    if (pose.appearance % 3 === 0) {
      fill(canvas, limb(at(-14, 76 + bob), 9, at(-13, 98 + bob), 9), { colour: [84, 62, 44] });
    }
    fill(canvas, limb(at(3, 108 + bob), 5, at(4, 114 + bob), 5), { colour: skin });
    fill(canvas, ellipse(...at(5, 122 + bob), 9.5, 11), { colour: skin });
    fill(canvas, ellipse(...at(14, 121 + bob), 2.4, 2.4), { colour: skin });
    fill(canvas, limb(at(-1, 124 + bob), 8, at(5, 130 + bob), 6.5), { colour: hair });
    drawArm(stride + Math.PI, scaled(coat, 0.87));
  },
};
