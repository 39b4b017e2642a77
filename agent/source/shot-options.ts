/** The options of fswebcam shots: value types, and defaults with their reasons. Pure. */
import type { ValueType } from '../../shared/cli/option-table.js';
import { InvalidValue } from '../../shared/cli/units.js';

export interface Resolution {
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface ShotOptions {
  /** A value of the type `device`. */
  readonly device: string;
  /** Requested size; the camera delivers the nearest that it has. Undefined: node-webcam's 1280 × 720. */
  readonly resolution: Resolution | undefined;
  /** Frames that are captured and discarded before the one that is kept: see `defaultSkip`. */
  readonly skip: number;
  /** JPEG quality, 1..100: see `defaultQuality`. */
  readonly quality: number;
}

/**
 * fswebcam opens the camera for each shot, and a sensor's first frames are dark, green or overexposed until exposure
 * and white balance settle: the detector would report a change of the whole picture. Ten frames are enough for most
 * webcams, by the experience of fswebcam's users. They take a third of a second at 30 frames per second, twice that
 * and more in poor light; `TEST:` and `FILE:` take no time.
 */
export const defaultSkip = 10;

/** node-webcam's default 100 makes files four times as large as 85, without visible difference. */
export const defaultQuality = 85;

const testDevice = /^test(?::\w{0,32})?$/i;
const devicePath = /^(?:v4l2:)?\/dev\/./i;
const filePath = /^file:\/./i;
/** Letters of any language, and characters that are special neither to a shell nor to word splitting. */
const safeCharacters = /^[\p{L}\p{M}\p{N}/._:+,=@%-]+$/u;

/** `/dev/video0`, `/dev/v4l/by-id/…`, `v4l2:/dev/…`; `TEST:` (colour bars), `FILE:/picture.jpg`. */
export const device: ValueType<string> = {
  metavar: 'DEVICE',
  parse(text) {
    if (!testDevice.test(text) && !devicePath.test(text) && !filePath.test(text)) {
      throw new InvalidValue(
        'must be /dev/video0, /dev/v4l/by-id/NAME, TEST: or FILE:/PATH, with an absolute path',
      );
    }
    if (!safeCharacters.test(text)) {
      throw new InvalidValue(
        'must not contain spaces or shell characters; make a symbolic link with a plain name to the device or file',
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
    // Below 8 pixels fswebcam's TEST: divides by zero; no camera has more than 10 000 pixels a side.
    if (![widthPx, heightPx].every((side) => side >= 16 && side <= 10_000)) {
      throw new InvalidValue('must be WIDTHxHEIGHT in pixels, as 1280x720, each from 16 to 10000');
    }
    return { widthPx, heightPx };
  },
};
