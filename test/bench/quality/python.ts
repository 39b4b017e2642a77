/** Debian's OpenCV in a Python process, where python3-opencv is installed. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';

/** Debian's packages belong to Debian's Python, which need not be the first in the path. */
const interpreters = ['python3', '/usr/bin/python3'];

/** Undefined where no Python has OpenCV. */
export const python = interpreters.find(
  (each) => spawnSync(each, ['-c', 'import cv2'], { stdio: 'ignore' }).status === 0,
);

/** Runs a script of this folder with lines as standard input. @returns the lines that it printed */
export async function runPython(
  script: string,
  args: readonly string[],
  input: readonly string[],
): Promise<string[]> {
  if (python === undefined) throw new Error('OpenCV is missing');
  const child = spawn(python, [`test/bench/quality/${script}`, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'close') as Promise<[number | null]>;
  Readable.from(input.map((line) => `${line}\n`)).pipe(child.stdin);
  const [code] = await ended;
  if (code !== 0) throw new Error(`${script} ${args.join(' ')} ended with ${code}`);
  return said.split('\n').filter(Boolean);
}
