/** How fswebcam is to be used, as options: kinds of value and defaults with their reasons. Pure. */
import type { ValueType } from '../../shared/cli/option-table.js';
import { InvalidValue } from '../../shared/cli/units.js';

export interface Resolution {
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface ShotOptions {
  /** As the kind `device` lets it pass. */
  readonly device: string;
  /** What to ask for; the camera gives the nearest it has. Undefined: node-webcam's 1280 × 720. */
  readonly resolution: Resolution | undefined;
  /** Frames that are captured and thrown away before the one that is kept: see `defaultSkip`. */
  readonly skip: number;
  /** JPEG quality, 1..100: see `defaultQuality`. */
  readonly quality: number;
}

/**
 * fswebcam opens the camera anew for each shot, and a sensor's first frames are dark, green or washed out
 * while exposure and white balance settle: to the judge, a change of the whole picture. Ten frames are what
 * fswebcam's users found to be enough for most webcams. They cost a third of a second at 30 frames a second,
 * twice that and more in poor light; `TEST:` and `FILE:` skip in no time.
 */
export const defaultSkip = 10;

/** node-webcam's 100 makes files four times the size of 85 that look the same. */
export const defaultQuality = 85;

const testDevice = /^test(?::\w{0,32})?$/i;
const devicePath = /^(?:v4l2:)?\/dev\/./i;
const filePath = /^file:\/./i;
/** Letters of any language, and what no shell and no word splitting gives a meaning. */
const harmless = /^[\p{L}\p{M}\p{N}/._:+,=@%-]+$/u;

/** `/dev/video0`, `/dev/v4l/by-id/…`, `v4l2:/dev/…`; `TEST:` (colour bars), `FILE:/picture.jpg`. */
export const device: ValueType<string> = {
  metavar: 'DEVICE',
  parse(text) {
    if (!testDevice.test(text) && !devicePath.test(text) && !filePath.test(text)) {
      throw new InvalidValue(
        'write /dev/video0, /dev/v4l/by-id/NAME, TEST: or FILE:/PATH, each path from / on',
      );
    }
    if (!harmless.test(text)) {
      throw new InvalidValue(
        'spaces and characters that mean something to a shell are not taken; link the file or device ' +
          'to a plain name',
      );
    }
    return text;
  },
};

/** `1280x720`. */
export const resolution: ValueType<Resolution> = {
  metavar: 'WIDTHxHEIGHT',
  parse(text) {
    const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? [];
    const [widthPx, heightPx] = [Number(width), Number(height)];
    // Below 8 pixels fswebcam's TEST: divides by zero; no camera has more than 10 000.
    if (![widthPx, heightPx].every((side) => side >= 16 && side <= 10_000)) {
      throw new InvalidValue('write WIDTHxHEIGHT in pixels, as 1280x720, each from 16 to 10000');
    }
    return { widthPx, heightPx };
  },
};
