/** The cat of the demo scene. Pure. */
import { type Colour, ellipse, fill, limb, polygon, scaled } from './scene-canvas.js';
import { pick, placer, shadow, type Visitor } from './scene-visitor.js';

const furs: readonly Colour[] = [
  [44, 42, 44],
  [198, 124, 58],
  [150, 148, 146],
];

export const cat: Visitor = {
  reach: 46,
  draw(canvas, pose) {
    const at = placer(pose, 358);
    const fur = pick(furs, pose.appearance);
    const stride = (pose.travelled / 46) * 2 * Math.PI;
    fill(canvas, ellipse(pose.x + 5, 358, 30, 4), { colour: shadow, opacity: 0.4, blur: 5 });
    const drawLeg = (ahead: number, phase: number, colour: Colour): void => {
      const swing = 8 * Math.sin(phase);
      const lift = 4 * Math.max(0, Math.cos(phase));
      fill(canvas, limb(at(ahead, 17), 4.5, at(ahead + swing * 0.4, 9 + lift), 3.2), { colour });
      fill(canvas, limb(at(ahead + swing * 0.4, 9 + lift), 3, at(ahead + swing, 2 + lift), 2.6), {
        colour,
      });
    };
    const far = scaled(fur, 0.75);
    drawLeg(15, stride + Math.PI, far);
    drawLeg(-17, stride, far);
    const wave = 3 * Math.sin(stride / 2);
    fill(canvas, limb(at(-22, 24), 3, at(-34, 34 + wave), 2.8), { colour: fur });
    fill(canvas, limb(at(-34, 34 + wave), 2.8, at(-36, 48 + wave), 2.2), { colour: fur });
    fill(canvas, limb(at(-17, 22), 9, at(16, 23), 8), { colour: fur });
    drawLeg(17, stride, fur);
    drawLeg(-15, stride + Math.PI, fur);
    for (const ear of [22, 31]) {
      fill(canvas, polygon([at(ear - 4, 38), at(ear, 48), at(ear + 4, 38)]), { colour: fur });
    }
    fill(canvas, ellipse(...at(27, 33), 9.5, 8.5), { colour: fur });
    fill(canvas, ellipse(...at(31, 35), 1.6, 1.8), { colour: [196, 214, 96] });
    fill(canvas, ellipse(...at(36, 31), 1.6, 1.3), { colour: [196, 128, 120] });
  },
};
