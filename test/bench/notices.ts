/**
 * What notices cost the storing of frames: a receiver without them, with ways out that work, and with ways that fail (a
 * program that hangs, an address that answers 500, a broker that refuses), in the receiver and beside it, as installed. All
 * in one run, rounds interleaved. Needs Mosquitto.
 * `npm run bench -- notices [--events N] [--rounds N] [--dir DIR]`
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { whyNoBroker } from '../support/mosquitto.js';
import { cpuMs, quantile } from './fleet/usage.js';
import { EventCamera, framesPerEvent } from './notices/event-camera.js';
import { openWays } from './notices/ways.js';

const { values } = parseArgs({
  options: {
    /** In each round. */
    events: { type: 'string', default: '30' },
    rounds: { type: 'string', default: '8' },
    dir: { type: 'string', default: tmpdir() },
  },
});
if (whyNoBroker !== undefined) throw new Error(whyNoBroker);
const [events, rounds] = [Number(values.events), Number(values.rounds)];
const directory = mkdtempSync(join(values.dir, 'picchanged-bench-'));

/** What it has said on its standard error. */
interface Program {
  readonly child: ChildProcess;
  readonly lines: string[];
}

interface Contestant {
  readonly name: string;
  readonly receiver: Program;
  /** The process that has the notices, if it is another one. */
  readonly notifier: Program | undefined;
  readonly camera: EventCamera;
}

interface Figures {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpu: number;
  /** Of the process with the notices. */
  readonly mebibytes: number;
}

const startDeadlineMs = 60_000;
const children: ChildProcess[] = [];
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Starts it, and waits until it has said the words. */
async function start(args: readonly string[], words: string): Promise<Program> {
  const child = spawn(process.execPath, ['dist/receiver.js', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.push(child);
  const lines: string[] = [];
  const isReady = new Promise<void>((resolve, reject) => {
    setTimeout(() => {
      reject(new Error(`receiver does not say '${words}': ${lines.join('\n')}`));
    }, startDeadlineMs).unref();
    child.stderr.on('data', (chunk: Buffer) => {
      lines.push(...chunk.toString().split('\n').filter(Boolean));
      if (lines.some((line) => line.includes(words))) resolve();
    });
    child.once('close', () => reject(new Error(`receiver ended: ${lines.join('\n')}`)));
  });
  isReady.catch(() => undefined);
  await isReady;
  return { child, lines };
}

async function enter(
  name: string,
  flags: readonly string[],
  isBeside: boolean,
): Promise<Contestant> {
  const place = join(directory, name.replaceAll(/\W+/g, '-'));
  mkdirSync(place);
  const captures = ['--dir', join(place, 'captures')];
  const noticeFlags = flags.length === 0 ? [] : [...flags, '--state', join(place, 'state')];
  // Its own limit would be measured.
  const receiver = await start(
    [...captures, '--listen', '127.0.0.1:0', '--quota', '0', ...(isBeside ? [] : noticeFlags)],
    'keeping frames',
  );
  const notifier = isBeside
    ? await start(['notify', ...captures, ...noticeFlags], 'announcing')
    : undefined;
  const port = Number(/from=127\.0\.0\.1:(\d+)/.exec(receiver.lines.join('\n'))?.[1]);
  return { name, receiver, notifier, camera: await EventCamera.connect(port) };
}

function residentMebibytes({ child }: Program): number {
  const status = readFileSync(`/proc/${child.pid ?? 0}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

async function measure({ receiver, notifier, camera }: Contestant): Promise<Figures> {
  const pid = receiver.child.pid ?? 0;
  const [startMs, startCpuMs] = [performance.now(), cpuMs(pid)];
  const waits = await camera.deliver(events);
  const count = events * framesPerEvent;
  if (waits.length !== count) throw new Error(`${waits.length} of ${count} frames are stored`);
  return {
    rate: (count * 1000) / (performance.now() - startMs),
    p50: quantile(waits, 0.5),
    p99: quantile(waits, 0.99),
    cpu: (cpuMs(pid) - startCpuMs) / count,
    mebibytes: residentMebibytes(notifier ?? receiver),
  };
}

const medianOf = (figures: readonly Figures[], key: keyof Figures): number =>
  quantile(
    figures.map((each) => each[key]),
    0.5,
  );

function rowOf({ name }: Contestant, all: readonly Figures[], plain: readonly Figures[]): string {
  const times = (key: 'rate' | 'p50' | 'p99' | 'cpu', digits: number): string => {
    const figure = medianOf(all, key);
    return `${figure.toFixed(digits)} (${(figure / medianOf(plain, key)).toFixed(2)})`;
  };
  const cells = [times('rate', 0), times('p50', 1), times('p99', 0), times('cpu', 2)];
  const memory = [all[0], all.at(-1)].map((each) => each?.mebibytes.toFixed(0));
  return `| ${name} | ${cells.join(' | ')} | ${memory.join(' → ')} |`;
}

/** Warnings and errors, each kind of line with its count. */
function saidOf({ name, receiver, notifier }: Contestant): string {
  const counts = new Map<string, number>();
  for (const line of (notifier ?? receiver).lines) {
    const [, words] = /(?:warn|error) +\w+: ([^=]*?)(?: \w+=|$)/.exec(line) ?? [];
    if (words !== undefined) counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  return `${name} said: ${[...counts].map(([words, count]) => `${count} × ${words}`).join('; ') || 'nothing'}`;
}

const ways = await openWays(directory);
try {
  const contestants = [
    await enter('without notices', [], false),
    await enter('ways that work', ways.working, false),
    await enter('ways that fail', ways.failing, false),
    await enter('ways that work, beside it', ways.working, true),
    await enter('ways that fail, beside it', ways.failing, true),
  ];
  const figures = new Map(contestants.map(({ name }) => [name, [] as Figures[]]));
  // The first round warms up and does not count.
  for (let round = 0; round <= rounds; round += 1) {
    // None is always the first one after a pause.
    for (let turn = 0; turn < contestants.length; turn += 1) {
      const contestant = contestants[(turn + round) % contestants.length]!;
      const found = await measure(contestant);
      if (round > 0) figures.get(contestant.name)?.push(found);
      spawnSync('sync', ['-f', directory]);
    }
  }
  const plain = figures.get('without notices') ?? [];
  console.log(
    `${rounds} rounds of ${events} events with ${framesPerEvent} frames; load ${loadavg()[0]?.toFixed(1)}\n` +
      '| | frames/s | acknowledged after ms, p50 | p99 | CPU ms a frame | MiB, first → last round |',
  );
  for (const contestant of contestants)
    console.log(rowOf(contestant, figures.get(contestant.name) ?? [], plain));
  for (const contestant of contestants) console.log(saidOf(contestant));
  console.log(`${ways.takenCount()} notices were taken by the address that works`);
  for (const { camera } of contestants) camera.close();
} finally {
  ways.close();
  await Promise.all(
    children.map(async (child) => {
      const ended = once(child, 'close');
      if (child.kill('SIGKILL')) await ended;
    }),
  );
  rmSync(directory, { recursive: true, force: true });
}
