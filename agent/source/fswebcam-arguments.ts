/**
 * The arguments of fswebcam. node-webcam makes the command line from the options; here it is split again and every
 * argument is checked, so that no option value becomes more than one argument. Pure.
 */
import FSWebcam from 'node-webcam/src/webcams/FSWebcam.js';
import { type ShotOptions, device } from './shot-options.js';

/**
 * fswebcam's arguments for one shot, without the program name. No banner: its time stamp would be a change in each
 * shot. Without `-q`, which suppresses warnings: sometimes they are the only message.
 * @param fileName output file; without `%`, which fswebcam passes to strftime
 * @throws {InvalidValue} for a device that the value type `device` refuses
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
  const [program, ...args] = webcam.generateSh(fileName).split(/ +/);
  if (program !== 'fswebcam') throw unexpectedArgument(program);
  checkArguments(args, source, fileName);
  return args;
}

/** fswebcam cuts a device name at the first unescaped colon; names in `/dev/v4l/by-path/` have several. */
function escapeColons(text: string): string {
  const path = text.indexOf('/');
  return path < 0 ? text : text.slice(0, path) + text.slice(path).replaceAll(':', '\\:');
}

/** @throws for any other argument than expected: a bug here, or an incompatible node-webcam */
function checkArguments(args: readonly string[], source: string, fileName: string): void {
  const isNumber = (text: string): boolean => /^\d{1,4}$/.test(text);
  const flags = new Map<string, ((text: string) => boolean) | undefined>([
    ['-r', (text) => /^\d{1,5}x\d{1,5}$/.test(text)],
    ['--jpeg', isNumber],
    ['-d', (text) => text === source],
    ['--no-banner', undefined],
    ['--skip', isNumber],
  ]);
  const remaining = args.values();
  for (const arg of remaining) {
    if (arg === fileName && remaining.next().done) return;
    if (!flags.has(arg)) throw unexpectedArgument(arg);
    const accepts = flags.get(arg);
    if (accepts === undefined) continue;
    const value = remaining.next().value;
    if (value === undefined || !accepts(value)) throw unexpectedArgument(value);
  }
  throw new Error('node-webcam made a command without an output file');
}

function unexpectedArgument(arg: string | undefined): Error {
  return new Error(`node-webcam made a command with an unexpected argument: ${String(arg)}`);
}
