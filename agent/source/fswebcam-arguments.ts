/**
 * The words that fswebcam is started with. node-webcam normalises the options and makes the command line; it
 * is split again and every word checked, so that nothing configured is more than one argument. Pure.
 */
import FSWebcam from 'node-webcam/src/webcams/FSWebcam.js';
import { type ShotOptions, device } from './shot-options.js';

/**
 * fswebcam's arguments for one shot, without the program's name. No banner: a time stamp in the picture
 * would be a change each shot. Without `-q`, which keeps back warnings that are sometimes all it says.
 * @param fileName where it shall write; plain, as fswebcam takes `%` for strftime's
 * @throws {InvalidValue} for a device that the kind `device` refuses
 */
export function fswebcamArguments(options: ShotOptions, fileName: string): string[] {
  const source = escapeColons(device.parse(options.device));
  const webcam = new FSWebcam({
    device: source,
    ...(options.resolution && {
      width: options.resolution.widthPx,
      height: options.resolution.heightPx,
    }),
    skip: options.skip,
    quality: options.quality,
    output: 'jpeg',
    saveShots: false,
    verbose: true,
  });
  const [program, ...words] = webcam.generateSh(fileName).split(/ +/);
  if (program !== 'fswebcam') throw unknownWord(program);
  checkWords(words, source, fileName);
  return words;
}

/** fswebcam cuts a device's name at the first colon (`/dev/v4l/by-path/` is full of them) unless escaped. */
function escapeColons(text: string): string {
  const path = text.indexOf('/');
  return path < 0 ? text : text.slice(0, path) + text.slice(path).replaceAll(':', '\\:');
}

/** @throws for anything but what was asked for: a bug here, or another node-webcam */
function checkWords(words: readonly string[], source: string, fileName: string): void {
  const isNumber = (word: string): boolean => /^\d{1,4}$/.test(word);
  const flags = new Map<string, ((word: string) => boolean) | undefined>([
    ['-r', (word) => /^\d{1,5}x\d{1,5}$/.test(word)],
    ['--jpeg', isNumber],
    ['-d', (word) => word === source],
    ['--no-banner', undefined],
    ['--skip', isNumber],
  ]);
  const left = words.values();
  for (const word of left) {
    if (word === fileName && left.next().done) return;
    if (!flags.has(word)) throw unknownWord(word);
    const accepts = flags.get(word);
    if (accepts === undefined) continue;
    const value = left.next().value;
    if (value === undefined || !accepts(value)) throw unknownWord(value);
  }
  throw new Error('node-webcam made a command without a file to write to');
}

function unknownWord(word: string | undefined): Error {
  return new Error(`node-webcam made a command with a word that is not expected: ${String(word)}`);
}
