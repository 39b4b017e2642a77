/**
 * Frames a second from loopback to the disk: the receiver, beside the receiver of 0.1.0, what the tutorial did, a
 * bare server that does not flush, and the disk's own limit. All in one run, rounds interleaved.
 * `npm run bench -- delivery [--dir DIR] [--rounds N] [--frames N]`
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { maxHeaderBytes, preface } from '../../shared/protocol/protocol-limits.js';
import { readReceiverMessage } from '../../shared/protocol/messages.js';
import { frameStatement, signStatement } from '../../shared/protocol/statement.js';
import { MessageDecoder, encodeMessage } from '../../shared/protocol/wire.js';
import { makeJpeg } from '../support/pictures.js';
import { freePort } from '../support/ports.js';
import { type BareHeader, serveFlushed, serveUnflushed } from './delivery/bare-server.js';

const frameBytes = 100_000;
const inFlight = 8;
const cameras = 16;

/** A whole JPEG of the wanted size, each one's bytes its own: segments that say nothing fill it up. */
function makeFrame(): Buffer {
  const picture = makeJpeg(1);
  const filling: Buffer[] = [];
  for (let missing = frameBytes - picture.length; missing > 4;) {
    const size = Math.min(missing - 4, 65_533);
    const marker = Buffer.from([0xff, 0xfe, (size + 2) >> 8, (size + 2) & 0xff]);
    filling.push(
      marker,
      Buffer.from(
        randomBytes(size / 2)
          .toString('hex')
          .padEnd(size, '0'),
      ),
    );
    missing -= size + 4;
  }
  return Buffer.concat([picture.subarray(0, 2), ...filling, picture.subarray(2)]);
}

/** Frames that are ready to be sent; making them is not measured. */
const frames = Array.from({ length: 64 }, () => {
  const jpeg = makeFrame();
  return { jpeg, sha256: createHash('sha256').update(jpeg).digest('hex') };
});
const frameAt = (number: number) => frames[number % frames.length] ?? frames[0]!;

/** A connection that lasts, with `inFlight` things under way until all are answered. */
class Link {
  readonly #socket: Socket;
  readonly #send: (number: number) => void;
  readonly #answersIn: (chunk: Buffer) => number;
  /** Over all rounds. */
  #sent = 0;
  #wanted = 0;
  #answered = 0;
  #done: () => void = () => undefined;

  constructor(
    socket: Socket,
    send: (number: number) => void,
    answersIn: (chunk: Buffer) => number,
  ) {
    this.#socket = socket;
    this.#send = send;
    this.#answersIn = answersIn;
    socket.on('data', (chunk: Buffer) => {
      this.#answered += this.#answersIn(chunk);
      this.#more();
    });
    socket.on('close', () => {
      if (this.#answered < this.#wanted) throw new Error('the connection ended too early');
    });
  }

  /** Resolves when `count` more are answered. */
  deliver(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#done = resolve;
      this.#wanted += count;
      this.#more();
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #more(): void {
    if (this.#answered === this.#wanted) this.#done();
    while (this.#sent < this.#wanted && this.#sent - this.#answered < inFlight) {
      this.#send(this.#sent++);
    }
  }
}

const { privateKey } = generateKeyPairSync('ed25519');
const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
const size = { widthPx: 640, heightPx: 480 };
const boxes: [number, number, number, number][] = [[312, 96, 48, 120]];
const verdict = { reason: 'change', ratio: 0.03, boxes };

/** An agent that has been welcomed. @param isSigning it signs each frame, as agents since 0.2 */
async function connectAgent(port: number, camera: string, isSigning = true): Promise<Link> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const decoder = new MessageDecoder({ maxHeaderBytes, maxBodyBytes: 0 });
  const say = (header: object, body?: Buffer): void => {
    const [head, rest] = encodeMessage(header, body);
    socket.cork();
    socket.write(head);
    if (rest.length > 0) socket.write(rest);
    socket.uncork();
  };
  socket.write(preface);
  const epoch = randomBytes(16).toString('hex');
  const can = isSigning ? { can: ['signed'], publicKey } : {};
  say({ type: 'hello', camera, epoch, agent: 'bench', ...can });
  const startMs = Date.now();
  const send = (number: number): void => {
    const { jpeg, sha256 } = frameAt(number);
    const header = { capturedAtMs: startMs + number, utcOffsetMinutes: 0, sha256, verdict };
    const id = { camera, epoch, sequence: number };
    const statement = isSigning && frameStatement(id, header, jpeg.length, size);
    const signed = statement === false ? {} : signStatement(statement, privateKey);
    say({ type: 'frame', sequence: number, ...header, ...signed }, jpeg);
  };
  let skip = preface.length;
  return await new Promise((resolve) => {
    const link = new Link(socket, send, (chunk) => {
      const part = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - part.length;
      const messages = decoder.push(part).map(({ header }) => readReceiverMessage(header));
      const refused = messages.find((each) => each?.type === 'refused' || each?.type === 'bye');
      if (refused !== undefined) throw new Error(JSON.stringify(refused));
      if (messages.some((each) => each?.type === 'welcome')) resolve(link);
      return messages.filter((each) => each?.type === 'stored').length;
    });
  });
}

/** To either bare server. */
function connectBare(port: number): Link {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const startMs = Date.now();
  const send = (number: number): void => {
    const { jpeg, sha256 } = frameAt(number);
    const id = { camera: 'bare', epoch: 'ab'.repeat(16), sequence: number };
    const header = { capturedAtMs: startMs + number, utcOffsetMinutes: 0, sha256, verdict };
    const statement = frameStatement(id, header, jpeg.length, size);
    const bare: BareHeader = { sha256, ...signStatement(statement, privateKey) };
    for (const part of encodeMessage(bare, jpeg)) socket.write(part);
  };
  return new Link(socket, send, (chunk) => chunk.length);
}

/** As the tutorial does: `cat x.jpg | socat - TCP:HOST:PORT` for each picture. */
async function sendWithSocat(port: number, picture: string, directory: string, count: number) {
  for (let number = 0; number < count; number += 1) {
    spawnSync('socat', ['-u', `FILE:${picture}`, `TCP:127.0.0.1:${port}`]);
  }
  const isWhole = (name: string): boolean => statSync(join(directory, name)).size === frameBytes;
  while (readdirSync(directory).filter(isWhole).length < count) await delay(1);
}

function writeToDisk(directory: string, count: number): void {
  for (let number = 0; number < count; number += 1) {
    const path = join(directory, `${number}.jpg`);
    const file = openSync(`${path}.part`, 'wx');
    writeSync(file, frameAt(number).jpeg);
    fsyncSync(file);
    closeSync(file);
    renameSync(`${path}.part`, path);
    const folder = openSync(directory, 'r');
    fsyncSync(folder);
    closeSync(folder);
  }
}

/** The most memory that a process had, bytes. */
function peakBytes({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid ?? 0}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

function startServer(command: string, args: readonly string[]): ChildProcess {
  // Their logs would hide the figures; what goes wrong ends the connection, which is told.
  const server = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  // Also after an error.
  process.once('exit', () => server.kill());
  return server;
}

async function portFrom(server: ChildProcess): Promise<number> {
  const [line] = (await once(server.stdout!, 'data')) as [Buffer];
  return Number(/(\d+)\D*$/.exec(line.toString().trim())?.[1]);
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Unpacks 0.1.0. @returns the path of its receiver, for `node` */
function unpackVersion01(base: string): string {
  execFileSync('tar', ['-xzf', 'test/fixtures/picchanged-0.1.0.tgz', '-C', base]);
  return join(base, 'package', 'dist', 'receiver.js');
}

/** CPU that a process has used, user and system, milliseconds. */
function cpuMs({ pid }: ChildProcess): number {
  const fields =
    readFileSync(`/proc/${pid ?? 0}/stat`, 'utf8')
      .split(') ')[1]
      ?.split(' ') ?? [];
  const ticksPerSecond = 100;
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

interface Contestant {
  readonly name: string;
  readonly count: number;
  readonly send: () => Promise<void> | void;
  readonly server: ChildProcess | undefined;
}

async function compare(base: string, rounds: number, count: number): Promise<void> {
  const folder = (name: string): string => {
    const path = join(base, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const picture = join(base, 'a.jpg');
  writeFileSync(picture, frameAt(0).jpeg);
  const receiverFolders = ['one', 'many', 'one-0.1.0', 'many-0.1.0'].map(folder);
  const [oneFolder, manyFolder, oldOneFolder, oldManyFolder] = receiverFolders as [
    ...[string, string, string, string],
  ];
  const [bareFolder, flushedFolder, socatFolder, diskFolder] = [
    ...['bare', 'flushed', 'socat', 'disk'],
  ].map(folder) as [string, string, string, string];
  const receiver = (directory: string, program = 'dist/receiver.js'): ChildProcess =>
    startServer(process.execPath, [
      ...[program, '--dir', directory, '--listen', '127.0.0.1:0', '--json'],
    ]);
  const old = unpackVersion01(base);
  const socatPort = await freePort();
  const oneWriter = `cat > ${socatFolder}/$(date +%Y_%m_%d_%H_%M_%S_%N).jpg`;
  const servers = {
    one: receiver(oneFolder),
    many: receiver(manyFolder),
    oldOne: receiver(oldOneFolder, old),
    oldMany: receiver(oldManyFolder, old),
    bare: startServer(process.execPath, [process.argv[1] ?? '', '--bare', bareFolder]),
    flushed: startServer(process.execPath, [
      ...[process.argv[1] ?? '', '--bare', flushedFolder, `--key=${publicKey}`],
    ]),
    socat: startServer('socat', [
      ...[`TCP-LISTEN:${socatPort},bind=127.0.0.1,fork,reuseaddr`, `SYSTEM:${oneWriter}`],
    ]),
  };
  try {
    const { one, many, oldOne, oldMany, bare, flushed } = servers;
    const [onePort, manyPort, oldOnePort, oldManyPort, barePort, flushedPort] = (await Promise.all(
      [one, many, oldOne, oldMany, bare, flushed].map(portFrom),
    )) as [number, number, number, number, number, number];
    // What the receiver says of each frame must be read, or it waits in the pipe.
    for (const server of Object.values(servers)) server.stdout?.resume();
    const agentsOf = (port: number, isSigning: boolean): Promise<Link[]> =>
      Promise.all(
        Array.from({ length: cameras }, (_, number) =>
          connectAgent(port, `camera-${number}`, isSigning),
        ),
      );
    const oneAgent = await connectAgent(onePort, 'one');
    const oldOneAgent = await connectAgent(oldOnePort, 'one', false);
    const agents = await agentsOf(manyPort, true);
    const oldAgents = await agentsOf(oldManyPort, false);
    const bareLink = connectBare(barePort);
    const flushedLink = connectBare(flushedPort);
    const links = [oneAgent, oldOneAgent, ...agents, ...oldAgents, bareLink, flushedLink];
    const deliverAll = async (all: readonly Link[]): Promise<void> => {
      await Promise.all(all.map((link) => link.deliver(Math.ceil(count / all.length))));
    };
    const socatCount = Math.ceil(count / 4);
    const contestants: Contestant[] = [
      {
        name: 'disk: write, fsync, rename, fsync directory',
        count,
        send: () => writeToDisk(diskFolder, count),
        server: undefined,
      },
      {
        name: 'receiver, 1 camera',
        count,
        send: () => oneAgent.deliver(count),
        server: one,
      },
      {
        name: 'receiver of 0.1.0, 1 camera',
        count,
        send: () => oldOneAgent.deliver(count),
        server: oldOne,
      },
      {
        name: `receiver, ${cameras} cameras`,
        count,
        send: () => deliverAll(agents),
        server: many,
      },
      {
        name: `receiver of 0.1.0, ${cameras} cameras`,
        count,
        send: () => deliverAll(oldAgents),
        server: oldMany,
      },
      {
        name: 'bare Node server, the same checks and flushes',
        count,
        send: () => flushedLink.deliver(count),
        server: flushed,
      },
      {
        name: 'bare Node server, no fsync',
        count,
        send: () => bareLink.deliver(count),
        server: bare,
      },
      {
        name: 'socat, a process each, no fsync',
        count: socatCount,
        send: () => sendWithSocat(socatPort, picture, socatFolder, socatCount),
        server: undefined,
      },
    ];
    const rates = new Map<string, number[]>();
    const peaks = new Map<string, number[]>();
    const costs = new Map<string, number[]>();
    // The first round warms up and does not count.
    for (let round = 0; round <= rounds; round += 1) {
      for (const { name, count: sent, send, server } of contestants) {
        const startMs = performance.now();
        const startCpuMs = server ? cpuMs(server) : ownCpuMs();
        await send();
        const rate = (sent * 1000) / (performance.now() - startMs);
        const usedCpuMs = (server ? cpuMs(server) : ownCpuMs()) - startCpuMs;
        // What socat's processes use is not this process's.
        if (round > 0 && !name.startsWith('socat'))
          costs.set(name, [...(costs.get(name) ?? []), usedCpuMs / sent]);
        if (round > 0) rates.set(name, [...(rates.get(name) ?? []), rate]);
        if (server) peaks.set(name, [...(peaks.get(name) ?? []), peakBytes(server)]);
        for (const each of [diskFolder, bareFolder, flushedFolder, socatFolder]) empty(each);
        // The receiver's days go by themselves; its marker and locks stay.
        for (const each of receiverFolders) emptyDays(each);
        spawnSync('sync', ['-f', base]);
      }
    }
    for (const link of links) link.close();
    const limit = median(rates.get(contestants[0]!.name) ?? []);
    for (const { name } of contestants) {
      const rate = median(rates.get(name) ?? []);
      const [firstPeak, lastPeak] = [peaks.get(name)?.[0], peaks.get(name)?.at(-1)];
      const cost = costs.get(name);
      const cpu = cost ? `  CPU ${median(cost).toFixed(2)} ms a frame` : '';
      const memory =
        firstPeak && lastPeak
          ? `  peak ${mebibytes(lastPeak)} MiB (after the first round ${mebibytes(firstPeak)})`
          : '';
      console.log(
        `${name.padEnd(46)} ${rate.toFixed(0).padStart(5)} frames/s ` +
          `${((rate * frameBytes) / 1e6).toFixed(1).padStart(6)} MB/s  ÷ disk ` +
          `${(rate / limit).toFixed(2)}${cpu}${memory}`,
      );
    }
  } finally {
    const ends = Object.values(servers).map((server) => once(server, 'close'));
    for (const server of Object.values(servers)) server.kill();
    await Promise.all(ends);
  }
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

function empty(directory: string): void {
  // The record of a bare server is open.
  const names = readdirSync(directory).filter((name) => !name.endsWith('.jsonl'));
  for (const name of names) rmSync(join(directory, name), { recursive: true });
}

function emptyDays(directory: string): void {
  for (const camera of readdirSync(directory).filter((name) => !name.startsWith('.'))) {
    for (const day of readdirSync(join(directory, camera)).filter((name) => name !== '.incoming')) {
      rmSync(join(directory, camera, day), { recursive: true });
    }
  }
}

const { values } = parseArgs({
  options: {
    bare: { type: 'string' },
    key: { type: 'string' },
    dir: { type: 'string', default: tmpdir() },
    rounds: { type: 'string', default: '5' },
    frames: { type: 'string', default: '400' },
  },
});
if (values.bare === undefined) {
  const base = mkdtempSync(join(values.dir, 'picchanged-bench-'));
  try {
    const { stdout } = spawnSync('df', ['--output=fstype,source', base], { encoding: 'utf8' });
    const place = stdout.trim().split('\n').at(-1)?.replace(/\s+/, ' on ');
    console.log(
      `${values.frames} frames of ${frameBytes} bytes, ${values.rounds} rounds, ${place}`,
    );
    await compare(base, Number(values.rounds), Number(values.frames));
  } finally {
    rmSync(base, { recursive: true });
  }
} else if (values.key === undefined) serveUnflushed(values.bare, 2 * frameBytes);
else serveFlushed(values.bare, 2 * frameBytes, values.key);
