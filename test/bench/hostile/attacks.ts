/** The attacks, each as what one attacker says: on a connection that lasts, or on one connection for each attempt. */
import { randomBytes } from 'node:crypto';
import { preface } from '../../../shared/protocol/protocol-limits.js';
import { clientHello, identitiesOf } from '../../hostile/client-hello.js';
import {
  frameMessage,
  greeting,
  holeMessage,
  reportMessage,
  message,
  paddedJpeg,
  sha256Of,
  wrongSha256,
} from '../../hostile/material.js';
import { makeJpeg } from '../../support/pictures.js';

/** One attacker's view. */
export interface Attacker {
  /** Differs between attackers of a row. */
  readonly number: number;
  /** The name that it says hello with, or would. */
  readonly camera: string;
  /** `<camera>.<key id>` of a camera that is paired: it is sent in the clear, so that anybody knows it. */
  readonly knownIdentity: string;
  /** More than `--quota`. */
  readonly overQuotaBytes: number;
}

interface Common {
  /** The bytes of attempt `at`. */
  readonly make: (at: number, attacker: Attacker) => Buffer;
  /** A receiver of its own kind: with a small `--quota`, or with five pairing codes that wait. */
  readonly needs?: 'quota' | 'codes';
}

/** Attempts on a connection that lasts; it is opened anew when it is cut. */
export interface Stream extends Common {
  readonly way: 'stream';
  /** It says the preface and hello first. */
  readonly isFramed: boolean;
  /** Said once on each connection, before the attempts. */
  readonly first?: (attacker: Attacker) => Buffer;
  /** Attempts that are written at once. */
  readonly together: number;
}

/** A connection for each attempt. */
export interface Visit extends Common {
  readonly way: 'visit';
  /** Until the first answer or the end; not at all, and many are held; not at all, and it leaves. */
  readonly waits: 'answer' | 'hold' | 'leave';
}

export type Attack = Stream | Visit;

const smallJpeg = makeJpeg(1, { widthPx: 8, heightPx: 8 });
const timeMs = Date.UTC(2026, 10, 22, 12);

/** The same bytes for many attempts: to make them is not what is measured. */
function pool(size: number, make: (at: number) => Buffer): (at: number) => Buffer {
  const made: Buffer[] = [];
  return (at) => (made[at % size] ??= make(at % size));
}

/** `at` as a frame's number and time. */
function framed(at: number, body: Buffer, changes: object = {}): Buffer {
  const facts = { sequence: at, capturedAtMs: timeMs + at, sha256: sha256Of(body), ...changes };
  return frameMessage(facts, body);
}

function wrongHash(bytes: number, together: number): Stream {
  const make = pool(256, (at) => framed(at, randomBytes(bytes), { sha256: wrongSha256 }));
  return { way: 'stream', isFramed: true, together, make };
}

function hello(size: number, make: (at: number) => Buffer, needs?: 'codes'): Visit {
  return { way: 'visit', waits: 'answer', make: pool(size, make), ...(needs && { needs }) };
}

const overQuota: Stream = {
  ...{ way: 'stream', isFramed: true, together: 8, needs: 'quota' },
  first: ({ overQuotaBytes }) => framed(0, paddedJpeg('filler', overQuotaBytes)),
  make: (at) => framed(1 + at, smallJpeg),
};

const oneFrame = framed(1, paddedJpeg('one frame', 50_000));
const manyNames = (name: string) => (at: number) =>
  clientHello({ identities: identitiesOf(name, Infinity, at * 2000) });

export const attacks: Readonly<Record<string, Attack>> = {
  'wrong hash, 32 B': wrongHash(32, 32),
  'wrong hash, 60 kB': wrongHash(60_000, 1),
  'no JPEG, 2 kB': {
    ...{ way: 'stream', isFramed: true, together: 8 },
    make: pool(256, (at) => framed(at, randomBytes(2000))),
  },
  'over quota': overQuota,
  holes: {
    ...{ way: 'stream', isFramed: true, together: 16 },
    make: (at) => holeMessage(at, timeMs + at),
  },
  'holes with 256 ranges': {
    ...{ way: 'stream', isFramed: true, together: 4 },
    make: (at) => holeMessage(at, timeMs + at, 256),
  },
  'reports with 64 ended events': {
    ...{ way: 'stream', isFramed: true, together: 4 },
    make: (at) => reportMessage(at, timeMs + at, 64),
  },
  pings: {
    ...{ way: 'stream', isFramed: true, together: 64 },
    make: pool(1, () => message({ type: 'ping' })),
  },
  'unknown types': {
    ...{ way: 'stream', isFramed: true, together: 16 },
    make: pool(256, (at) => message({ type: `type-${at}`, text: 'x'.repeat(1000) })),
  },
  'one frame again and again': {
    ...{ way: 'stream', isFramed: true, together: 1 },
    make: () => oneFrame,
  },
  'one time, other sequences': {
    ...{ way: 'stream', isFramed: true, together: 4 },
    make: (at) => framed(at, smallJpeg, { capturedAtMs: timeMs }),
  },
  'raw garbage': {
    ...{ way: 'stream', isFramed: false, together: 1 },
    first: () => Buffer.from([0xff, 0xd8, 0xff]),
    make: pool(64, () => randomBytes(16_384)),
  },
  'raw JPEGs': {
    ...{ way: 'stream', isFramed: false, together: 1 },
    make: (at, { number }) => paddedJpeg(`raw ${number} ${at}`, 4000),
  },
  'hellos, new names': {
    ...{ way: 'visit', waits: 'answer' },
    make: (at, { number }) => greeting(`new-${number}-${at}`, randomBytes(16).toString('hex')),
  },
  'hellos, one name': {
    ...{ way: 'visit', waits: 'answer' },
    make: (_, { camera }) => greeting(camera, randomBytes(16).toString('hex')),
  },
  'frames before hello': {
    ...{ way: 'visit', waits: 'answer' },
    make: pool(64, (at) => Buffer.concat([Buffer.from(preface), framed(at, smallJpeg)])),
  },
  HTTP: {
    ...{ way: 'visit', waits: 'answer' },
    make: () => Buffer.from('GET / HTTP/1.1\r\nHost: receiver\r\n\r\n'),
  },
  'connects and leaves': { way: 'visit', waits: 'leave', make: () => Buffer.alloc(0) },
  'half handshakes': {
    ...{ way: 'visit', waits: 'hold' },
    make: () => Buffer.from('16030102000100', 'hex'),
  },
  'ClientHello, unknown identity': hello(64, (at) =>
    clientHello({ identities: [`a.${at.toString(36)}`] }),
  ),
  'ClientHello, wrong key': {
    ...{ way: 'visit', waits: 'answer' },
    make: (_, { knownIdentity }) => clientHello({ identities: [knownIdentity] }),
  },
  'ClientHello, no identity': hello(64, () => clientHello({ identities: [] })),
  'ClientHello, 40-byte records': hello(64, (at) =>
    clientHello({ identities: [`a.${at.toString(36)}`], recordBytes: 40 }),
  ),
  'ClientHello, 60 kB of padding': hello(4, () =>
    clientHello({ identities: ['a.0'], paddingBytes: 60_000 }),
  ),
  'ClientHello, most identities': hello(4, manyNames('a')),
  'ClientHello, most of a camera': hello(4, manyNames('good')),
  'ClientHello, most, codes wait': hello(4, manyNames('pair'), 'codes'),
};
