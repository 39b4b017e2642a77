/** Frames of a real visit, written for an agent one by one with set times, and the records of it. */
import { readFileSync, readdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './programs.js';

const folder = `${root}test/fixtures/visit`;
const names = readdirSync(folder).filter((name) => name.endsWith('.jpg'));
const read = (name: string): Buffer => readFileSync(join(folder, name));

/** Before the visit: no person in view. */
export const emptyFrames = names.filter((name) => name < 'f00233.jpg').map(read);
/** A person is in view. */
export const visitedFrames = names
  .filter((name) => name >= 'f00233.jpg' && name <= 'f00449.jpg')
  .map(read);
/** After the visit: no person in view. */
export const leftFrames = names.filter((name) => name > 'f00449.jpg').map(read);

/** Writes a frame atomically, with the given modification time. */
export function putFrame(path: string, jpeg: Buffer, capturedAtMs: number): void {
  const part = join(dirname(path), '.part');
  writeFileSync(part, jpeg);
  utimesSync(part, (capturedAtMs + 0.0005) / 1000, (capturedAtMs + 0.0005) / 1000);
  renameSync(part, path);
}

export interface RecordedFrame {
  readonly sequence: number;
  /** Milliseconds since 1970 UTC. */
  readonly captured: number;
  readonly verdict: Readonly<Record<string, unknown>>;
}

interface FrameLine extends Readonly<Record<string, unknown>> {
  readonly sequence: number;
  readonly captured: number;
}

const verdictKeys = ['reason', 'ratio', 'boxes', 'event', 'changed', 'strength'];

/** The lines of a camera's frames in all records, in the order of the spool. */
export function recordOf(directory: string, camera: string): RecordedFrame[] {
  return readdirSync(join(directory, camera), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('record.jsonl'))
    .flatMap((path) =>
      readFileSync(join(directory, camera, path), 'utf8')
        .trim()
        .split('\n'),
    )
    .filter((text) => text.startsWith('{"frame":'))
    .map((text) => {
      const line = JSON.parse(text) as FrameLine;
      const verdict = Object.entries(line).filter(([key]) => verdictKeys.includes(key));
      const { sequence, captured } = line;
      return { sequence, captured, verdict: Object.fromEntries(verdict) };
    })
    .sort((a, b) => a.sequence - b.sequence);
}
