/** OpenCV's MOG2 in a Python process of its own, where python3-opencv is installed. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Sequence } from './sequence.js';

const script = 'test/bench/quality/mog2.py';
/** Debian's packages belong to Debian's Python, which need not be the first in the path. */
const interpreters = ['python3', '/usr/bin/python3'];

/** Undefined where no Python has OpenCV. */
export const python = interpreters.find(
  (each) => spawnSync(each, ['-c', 'import cv2'], { stdio: 'ignore' }).status === 0,
);

/** What MOG2 says of each frame. */
export async function decideByMog2({ labels, grey }: Sequence): Promise<boolean[]> {
  if (python === undefined) throw new Error('OpenCV is missing');
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'close');
  for (const index of labels.keys()) {
    const frame = grey(index);
    const header = Buffer.alloc(8);
    header.writeUInt32LE(frame.widthPx, 0);
    header.writeUInt32LE(frame.heightPx, 4);
    child.stdin.write(header);
    if (!child.stdin.write(frame.grey)) await once(child.stdin, 'drain');
  }
  child.stdin.end();
  await ended;
  const decisions = said.trim().split('\n');
  if (decisions.length !== labels.length) throw new Error(`${script} ended too early`);
  return decisions.map((word) => word === '1');
}
