/** One measurement: a receiver of its own, the good camera, and attackers against it, against a sink, or none. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { issueCode } from '../../../receiver/access/keys/pairing-codes.js';
import type { CameraKey } from '../../../shared/keys/identity.js';
import { formatIdentity } from '../../../shared/keys/identity.js';
import { readPictures } from '../../hostile/books.js';
import { ReceiverHouse } from '../../hostile/receiver-house.js';
import type { AttackerJob, Counts } from './attacker.js';
import { type Attack, attacks } from './attacks.js';
import { type CameraJob, type Delivered, type Waits, frameBytes } from './camera.js';
import type { SinkJob } from './sink.js';
import { Worker } from './worker.js';

/** A stranger near an open receiver, near a closed one, or a paired camera. */
export type Role = 'open' | 'closed' | 'paired';

export interface Row {
  readonly attack: string;
  readonly role: Role;
  readonly attackers: number;
  /** That they come from. */
  readonly addresses: number;
}

/** What a control row repeats of an attack. */
export interface Rate {
  readonly attemptsPerSecond: number;
  readonly attemptsPerConnection: number;
}

export interface Figures {
  readonly waitsMs: readonly number[];
  readonly welcomeMs: number | undefined;
  readonly attemptsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly attemptsPerConnection: number;
  /** Acknowledged and not on the disk, or never acknowledged. */
  readonly lost: number;
  readonly cpuShare: number;
  readonly peakBytes: number;
  readonly isReceiverAlive: boolean;
}

/** Processes of attackers: as many as there are cores on a small machine. */
const mostProcesses = 2;
const startDeadlineMs = 60_000;
/** Before it is measured, so that what happens once is over. */
const rampMs = 1000;
/** Frames of the good camera per second, at most, and their bytes. */
const goodBytesPerSecond = 20 * frameBytes;
const mebi = 2 ** 20;

export async function measure(
  row: Row,
  seconds: number,
  target: 'none' | 'receiver' | Rate,
): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), 'picchanged-bench-'));
  const workers: Worker[] = [];
  const attack = attacks[row.attack];
  const quotaMebi = Math.ceil((goodBytesPerSecond * (seconds + 10)) / mebi);
  const needsQuota = attack?.needs === 'quota';
  const args = ['--quota', needsQuota ? `${quotaMebi}MiB` : '0', '--max-frame', '64MiB'];
  if (row.role === 'open') args.push('--open');
  const program = resolve('dist/receiver.js');
  const house = await ReceiverHouse.open({ directory, program, args });
  try {
    const good = await house.pair('good');
    const bad = row.role === 'paired' ? await house.pair('bad') : undefined;
    for (let at = 0; attack?.needs === 'codes' && at < 5; at += 1) {
      await issueCode(house.keys, `later-${at}`, false, Date.now());
    }
    const camera = new Worker('camera', jobOfCamera(house.port, good, seconds), false);
    workers.push(camera);
    await inTime(camera.ask('ready'), 'the good camera is not served');
    let attackers: Worker[] = [];
    if (attack !== undefined && target !== 'none') {
      const facts = { good, bad, overQuotaBytes: (quotaMebi + 1) * mebi };
      const port = target === 'receiver' ? house.port : await openSink(attack, workers);
      attackers = startAttackers(row, port, target, facts);
      workers.push(...attackers);
    }
    const isStream = attack?.way === 'stream' && target === 'receiver';
    return await watch({ house, camera, attackers, seconds, isStream });
  } finally {
    for (const worker of workers) await worker.kill();
    await house.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Parties {
  readonly house: ReceiverHouse;
  readonly camera: Worker;
  readonly attackers: readonly Worker[];
  readonly seconds: number;
  /** Attempts follow each other on a connection that lasts, and against the receiver. */
  readonly isStream: boolean;
}

async function watch({ house, camera, attackers, seconds, isStream }: Parties): Promise<Figures> {
  await delay(rampMs);
  const before = await count(attackers);
  const [resourcesBefore, startMs] = [resourcesOf(house), performance.now()];
  await camera.ask('begin');
  await delay(seconds * 1000);
  const waits = await camera.ask<Waits>('end');
  const elapsedSeconds = (performance.now() - startMs) / 1000;
  const resources = resourcesOf(house);
  const cpuShare = (resources.cpuMs - resourcesBefore.cpuMs) / 1000 / elapsedSeconds;
  const after = await count(attackers);
  const peakBytes = house.isAlive ? house.peakBytes() : 0;
  for (const attacker of attackers) await attacker.kill();
  const { acknowledged, unanswered } = await camera.ask<Delivered>('finish');
  const isReceiverAlive = house.isAlive;
  const pictures = readPictures(house.directory, house.files());
  const stored = new Set(
    pictures.filter(({ name }) => name.startsWith('good/')).map(({ sha256 }) => sha256),
  );
  const attempts = after.attempts - before.attempts;
  const bytes = after.bytes - before.bytes;
  const goodBytes = waits.waitsMs.length * frameBytes;
  const readBytes = resources.readBytes - resourcesBefore.readBytes - goodBytes;
  // The system buffers megabytes for each connection: what the receiver has not read is no attempt yet.
  const readShare = isStream ? Math.max(Math.min(readBytes / Math.max(bytes, 1), 1), 0) : 1;
  return {
    ...waits,
    attemptsPerSecond: (attempts * readShare) / elapsedSeconds,
    bytesPerSecond: (bytes * readShare) / elapsedSeconds,
    attemptsPerConnection: attempts / Math.max(after.connections - before.connections, 1),
    lost: acknowledged.filter((sha256) => !stored.has(sha256)).length + unanswered,
    ...{ cpuShare, peakBytes, isReceiverAlive },
  };
}

function resourcesOf(house: ReceiverHouse): { cpuMs: number; readBytes: number } {
  if (!house.isAlive) return { cpuMs: 0, readBytes: 0 };
  return { cpuMs: house.cpuMs(), readBytes: house.readBytes() };
}

async function count(attackers: readonly Worker[]): Promise<Counts> {
  const counts = await Promise.all(attackers.map((each) => each.ask<Counts>('count')));
  const sum = (read: (each: Counts) => number): number =>
    counts.reduce((total, each) => total + read(each), 0);
  return {
    attempts: sum(({ attempts }) => attempts),
    bytes: sum(({ bytes }) => bytes),
    connections: sum(({ connections }) => connections),
  };
}

function jobOfCamera(port: number, key: CameraKey, seconds: number): CameraJob {
  return { port, seconds, camera: key.camera, keyId: key.id, keyHex: key.key.toString('hex') };
}

async function openSink(attack: Attack, workers: Worker[]): Promise<number> {
  const job: SinkJob = { closesAtOnce: attack.way === 'visit' && attack.waits === 'answer' };
  const sink = new Worker('sink', job, false);
  workers.push(sink);
  return await inTime(sink.ask<number>('port'), 'the sink does not listen');
}

interface AttackFacts {
  readonly good: CameraKey;
  readonly bad: CameraKey | undefined;
  readonly overQuotaBytes: number;
}

function startAttackers(
  row: Row,
  port: number,
  target: 'receiver' | Rate,
  { good, bad, overQuotaBytes }: AttackFacts,
): Worker[] {
  const processes = Math.min(row.attackers, mostProcesses);
  const addresses = Array.from({ length: row.addresses }, (_, at) => `127.0.9.${1 + at}`);
  const pace = target === 'receiver' ? {} : paceOf(target, processes);
  const isReal = target === 'receiver' && bad !== undefined;
  return Array.from({ length: processes }, (_, process) => {
    const numbers = Array.from({ length: row.attackers }, (_n, number) => number);
    const job: AttackerJob = {
      ...{ attack: row.attack, port, addresses, overQuotaBytes, ...pace },
      numbers: numbers.filter((number) => number % processes === process),
      isPaired: bad !== undefined,
      knownIdentity: formatIdentity({ name: good.camera, keyId: good.id }),
      ...(isReal && { key: { camera: bad.camera, id: bad.id, hex: bad.key.toString('hex') } }),
    };
    return new Worker('attacker', job, true);
  });
}

function paceOf({ attemptsPerSecond, attemptsPerConnection }: Rate, processes: number) {
  return {
    attemptsPerSecond: Math.max(attemptsPerSecond / processes, 0.1),
    attemptsPerConnection: Math.max(Math.round(attemptsPerConnection), 1),
  };
}

async function inTime<T>(work: Promise<T>, what: string): Promise<T> {
  const waiting = new AbortController();
  const late = delay(startDeadlineMs, undefined, { signal: waiting.signal });
  try {
    return await Promise.race([
      work,
      late.then(() => {
        throw new Error(`${what} within ${startDeadlineMs / 1000} s`);
      }),
    ]);
  } finally {
    waiting.abort();
    late.catch(() => undefined);
  }
}
