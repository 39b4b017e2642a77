/** Honest stores for the tests of verify: written by the store itself, as a receiver writes them. */
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { KnownKeys } from '../../../../receiver/archive/verify/keys.js';
import { CapturesSource } from '../../../../receiver/archive/verify/captures-source.js';
import type { VerifySource } from '../../../../receiver/archive/verify/day-folder.js';
import { checkEntries } from '../../../../receiver/archive/verify/entry-check.js';
import type { Finding } from '../../../../receiver/archive/verify/findings.js';
import {
  type CameraResult,
  type VerifyParts,
  verifyCaptures,
} from '../../../../receiver/archive/verify/verify-captures.js';
import { Folder } from '../../../../receiver/store/folder.js';
import { openFrameStore } from '../../../../receiver/store/frame-store.js';
import type { FrameStore } from '../../../../receiver/store/store-port.js';
import {
  frameStatement,
  gapStatement,
  reportStatement,
  signStatement,
} from '../../../../shared/protocol/statement.js';
import type { SequenceRange } from '../../../../shared/protocol/messages.js';
import type { ReportHeader } from '../../../../shared/protocol/report-header.js';
import { makeJpeg } from '../../../support/pictures.js';
import { readFrameSize } from '../../../../shared/jpeg/frame-size.js';

export const epochs = ['aa'.repeat(16), 'bb'.repeat(16), 'cc'.repeat(16)] as const;
export const dayMs = 86_400_000;
export const startMs = Date.UTC(2026, 10, 22, 20);
export const keyPair = () => generateKeyPairSync('ed25519');

const seen = { reason: 'change', ratio: 0.1, boxes: [], changed: true } as const;

/** A camera that sends to a store; each entry gets the next number, and is captured some minutes after the last one. */
export class StoreCamera {
  sequence = 0;
  epoch: string = epochs[0];
  atMs = startMs;
  before: { epoch: string; sequence: number } | undefined;
  privateKey: KeyObject | undefined;
  readonly #store: FrameStore;
  readonly name: string;

  constructor(store: FrameStore, name: string, privateKey?: KeyObject) {
    this.#store = store;
    this.name = name;
    this.privateKey = privateKey;
  }

  /** The agent begins anew: the first report states the epoch before. */
  nextEpoch(epoch: string): void {
    this.before = { epoch: this.epoch, sequence: this.sequence };
    [this.epoch, this.sequence] = [epoch, 0];
  }

  async frame(changes: { isRaw?: boolean; atMs?: number; offset?: number; event?: string } = {}) {
    const { isRaw = false, offset: utcOffsetMinutes = 60 } = changes;
    const id = isRaw ? undefined : this.#next();
    const capturedAtMs = changes.atMs ?? this.atMs;
    const jpeg = Buffer.concat([
      makeJpeg(this.sequence % 7),
      Buffer.from(`${this.name} ${capturedAtMs} ${this.sequence}`),
    ]);
    const sha256 = createHash('sha256').update(jpeg).digest('hex');
    const verdict = isRaw ? undefined : ({ ...seen, event: changes.event ?? 'e1' } as const);
    const header = { capturedAtMs, utcOffsetMinutes, sha256, verdict };
    const statement = frameStatement(
      { camera: this.name, ...id },
      header,
      jpeg.length,
      readFrameSize(jpeg),
    );
    const frame = { camera: this.name, jpeg, id, receivedAtMs: this.atMs + 200, ...header };
    const evidence = isRaw ? undefined : this.#evidence(statement);
    return await this.#store.put({ ...frame, evidence });
  }

  /** A frame that was captured earlier arrives now, after what has arrived. */
  async arriveLate(sequence: number, atMs: number): Promise<void> {
    const now = { sequence: this.sequence, atMs: this.atMs };
    this.sequence = sequence - 1;
    await this.frame({ atMs });
    Object.assign(this, now);
  }

  /** @param count numbers that the dropped frames had; they precede that of the gap */
  async gap(count: number): Promise<void> {
    const first = this.sequence + 1;
    this.sequence += count;
    const sequences: SequenceRange[] = [[first, this.sequence]];
    const id = this.#next();
    const header = {
      ...{
        count,
        firstCapturedAtMs: this.atMs,
        lastCapturedAtMs: this.atMs,
        why: 'size',
        sequences,
      },
      utcOffsetMinutes: 60,
    };
    const evidence = this.#evidence(gapStatement({ camera: this.name, ...id }, header));
    const facts = {
      count,
      sequences,
      why: 'size',
      lastCapturedAtMs: this.atMs,
      utcOffsetMinutes: 60,
    };
    await this.#store.recordGap({
      ...{
        camera: this.name,
        id,
        capturedAtMs: this.atMs,
        receivedAtMs: this.atMs + 200,
        ...facts,
      },
      evidence,
    });
  }

  /** Numbers that frames have which stay at the camera. */
  keep(count: number): void {
    for (let nth = 0; nth < count; nth += 1) this.#next();
  }

  async report(
    changes: Pick<Partial<ReportHeader>, 'waiting' | 'oldestWaitingMs'> = {},
  ): Promise<void> {
    const id = this.#next();
    const report: Omit<ReportHeader, 'type'> = {
      ...{ fromMs: this.atMs - 60_000, toMs: this.atMs, utcOffsetMinutes: 60, state: 'watching' },
      ...{ compared: 60, changed: 1, skipped: 0, waiting: 0, dropped: 0, everyMs: 60_000 },
      ...{ before: this.before, ...changes },
    };
    this.before = undefined;
    const evidence = this.#evidence(reportStatement({ camera: this.name, ...id }, report));
    await this.#store.recordReport({
      ...{ camera: this.name, id, report, utcOffsetMinutes: 60, clockErrorMs: undefined, evidence },
      ...{ capturedAtMs: this.atMs - 1, receivedAtMs: this.atMs + 200 },
    });
  }

  #next() {
    this.sequence += 1;
    this.atMs += 20 * 60_000;
    return { epoch: this.epoch, sequence: this.sequence };
  }

  #evidence(statement: string) {
    if (this.privateKey === undefined) return undefined;
    return { signed: signStatement(statement, this.privateKey), flaw: undefined };
  }
}

/** Two signed cameras, three days, a gap, reports, a second epoch. */
export async function makeStore(directory: string) {
  return await fillStore(await openFrameStore(directory, Date.now()));
}

/** The same in any store, which is closed. */
export async function fillStore(store: FrameStore) {
  const keys = { yard: keyPair(), door: keyPair() };
  for (const name of ['yard', 'door'] as const) {
    const camera = new StoreCamera(store, name, keys[name].privateKey);
    await camera.report();
    for (let nth = 0; nth < 6; nth += 1) await camera.frame();
    await camera.gap(2);
    for (let nth = 0; nth < 6; nth += 1) await camera.frame();
    await camera.report();
    camera.nextEpoch(epochs[1]);
    await camera.report();
    camera.atMs += dayMs;
    for (let nth = 0; nth < 4; nth += 1) await camera.frame();
    await camera.report();
  }
  await store.close();
  return { keys, known: knownOf(keys) };
}

export function knownOf(keys: Readonly<Record<string, { publicKey: KeyObject }>>): KnownKeys {
  return new Map(
    Object.entries(keys).map(([camera, { publicKey }]) => [
      camera,
      [{ key: publicKey, pinnedAtMs: undefined }],
    ]),
  );
}

/** Verifies a directory without waiting. */
export async function verify(
  directory: string,
  known: KnownKeys,
  changes: Partial<VerifyParts> = {},
) {
  const root = await Folder.open(directory);
  try {
    return await verifySource(new CapturesSource(root), known, changes);
  } finally {
    await root.close();
  }
}

/** The same of any source. */
export async function verifySource(
  source: VerifySource,
  known: KnownKeys,
  changes: Partial<VerifyParts> = {},
) {
  const findings: Finding[] = [];
  const results: CameraResult[] = [];
  await verifyCaptures(
    {
      ...{ source, keys: known, cameras: await source.cameras() },
      ...{ nowMs: () => Date.now(), sleep: () => Promise.resolve() },
      checker: { width: 2, check: (batch) => Promise.resolve(checkEntries(batch)) },
      onFinding: (finding) => findings.push(finding),
      onBytes: () => undefined,
      ...changes,
    },
    (result) => results.push(result),
  );
  return { findings, results, kinds: findings.map(({ kind, path }) => `${kind} ${path}`) };
}
