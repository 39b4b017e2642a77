/** A real visit, put in front of an agent frame by frame with times of its own, and what was recorded of it. */
import { readFileSync, readdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './programs.js';

const folder = `${root}test/fixtures/visit`;
const names = readdirSync(folder).filter((name) => name.endsWith('.jpg'));
const read = (name: string): Buffer => readFileSync(join(folder, name));

/** Nobody is in view, before somebody was. */
export const emptyFrames = names.filter((name) => name < 'f00233.jpg').map(read);
/** Somebody is in view. */
export const visitedFrames = names
  .filter((name) => name >= 'f00233.jpg' && name <= 'f00449.jpg')
  .map(read);
/** Nobody is in view any more. */
export const leftFrames = names.filter((name) => name > 'f00449.jpg').map(read);

/** Puts a frame there at once, as of a time. */
export function putFrame(path: string, jpeg: Buffer, capturedAtMs: number): void {
  const part = join(dirname(path), '.part');
  writeFileSync(part, jpeg);
  utimesSync(part, (capturedAtMs + 0.0005) / 1000, (capturedAtMs + 0.0005) / 1000);
  renameSync(part, path);
}

export interface RecordedFrame {
  readonly sequence: number;
  readonly name: string;
  readonly captured: string;
  readonly verdict: Readonly<Record<string, unknown>>;
}

/** The lines of all records of a camera, in the order of the spool. */
export function recordOf(directory: string, camera: string): RecordedFrame[] {
  return readdirSync(join(directory, camera), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('record.jsonl'))
    .flatMap((path) =>
      readFileSync(join(directory, camera, path), 'utf8')
        .trim()
        .split('\n'),
    )
    .map((line) => JSON.parse(line) as RecordedFrame)
    .sort((a, b) => a.sequence - b.sequence);
}
