/** Lines in the form that `receiver reindex` writes, and notes: anyone who changes a store can write both. */
import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cameraText } from '../../../../receiver/archive/verify/verify-text.js';
import { noteLine } from '../../../../receiver/store/store-note.js';
import { temporaryDirectory } from '../../../support/temporary.js';
import { makeStore, verify } from './made-store.js';

interface FrameFields {
  readonly epoch: string;
  readonly sequence: number;
  readonly captured: number;
  readonly offset: number;
}

/** A store of which a frame has other bytes. @param line in the place of its signed one */
async function changed(lineOf: (fields: FrameFields, sha256: string) => object | undefined) {
  const directory = temporaryDirectory();
  const { known } = await makeStore(directory);
  const folder = join(directory, 'yard/2026_11_23');
  const record = join(folder, 'record.jsonl');
  const lines = readFileSync(record, 'utf8').trimEnd().split('\n');
  const at = lines.findIndex((line) => line.startsWith('{"frame"'));
  const fields = JSON.parse(lines[at] ?? '') as FrameFields;
  const [name = ''] = readdirSync(folder).filter((each) => each.endsWith('.jpg'));
  const line = lineOf(fields, createHash('sha256').update('x').digest('hex'));
  lines.splice(at, 1, ...(line === undefined ? [] : [JSON.stringify(line)]));
  writeFileSync(record, `${lines.join('\n')}\n`);
  if (line === undefined) rmSync(join(folder, name));
  else writeFileSync(join(folder, name), 'x');
  return { directory, known, record, fields };
}

describe('a frame that was changed with its line', () => {
  it('as receiver reindex would write it, is a note with its place', async () => {
    const { directory, known } = await changed(({ captured, offset }, sha256) => ({
      ...{ frame: 1, camera: 'yard', captured, offset, sha256, bytes: 1, recovered: true },
    }));
    const { findings, results } = await verify(directory, known);
    expect(findings).toMatchObject([
      { kind: 'recovered', path: 'yard/2026_11_23/record.jsonl', found: '1 frame' },
    ]);
    expect(results.at(-1)).toMatchObject({ faults: 0, notes: 1 });
  });

  it('and says that reindex wrote a number, which it never does, is a fault', async () => {
    const { directory, known } = await changed(({ epoch, sequence, captured, offset }, sha256) => ({
      ...{ frame: 1, camera: 'yard', epoch, sequence, captured, offset, sha256, bytes: 1 },
      recovered: true,
    }));
    const { findings } = await verify(directory, known);
    expect(findings.map(({ kind }) => kind)).toEqual(['no-signature']);
  });
});

it('a frame that a note calls late is told: the note is not signed', async () => {
  const { directory, known, record, fields } = await changed(() => undefined);
  const { epoch, sequence, captured: capturedAtMs } = fields;
  const common = { camera: 'yard', atMs: capturedAtMs + 1000 };
  appendFileSync(record, noteLine({ kind: 'late', ...common, epoch, sequence, capturedAtMs }));
  const { findings, results } = await verify(directory, known);
  expect(findings).toEqual([]);
  const [yard] = results.slice(-1);
  expect(yard && cameraText(yard)).toContain('  1 frame not stored, erased before\n');
});
