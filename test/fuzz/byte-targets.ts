/** What reads bytes of a form that they should have: the wire, pictures, memories. */
import { readFileSync, readdirSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { crc32 } from 'node:zlib';
import { PNG } from 'pngjs';
import { makeGrid } from '../../agent/detect/grid.js';
import { readMask } from '../../agent/detect/mask-png.js';
import { decodeState } from '../../agent/detect/kept-state.js';
import { decodeReportState, encodeReportState } from '../../agent/reports/report-state.js';
import { decodeEntry, encodeEntry, sha256Of } from '../../agent/spool/entry.js';
import { readClientHello } from '../../receiver/access/client-hello.js';
import { recognize } from '../../receiver/connection/first-bytes.js';
import { maxClientHelloBytes, maxProxyHeaderBytes } from '../../receiver/limits/receiver-limits.js';
import { readProxyHeader } from '../../receiver/listen/proxy-header.js';
import { isCameraName } from '../../shared/protocol/camera-name.js';
import {
  clockedPath,
  isPlausibleClock,
  numberedName,
  parseFrameName,
  unclockedPath,
} from '../../shared/protocol/frame-path.js';
import { decodePlanes } from '../../shared/jpeg/planes.js';
import { decodeSmallPicture } from '../../shared/jpeg/small-picture.js';
import { JpegSplitter, type SplitResult, findJpegDamage } from '../../shared/jpeg/splitter.js';
import { readAgentMessage, readReceiverMessage } from '../../shared/protocol/messages.js';
import { MessageDecoder, type WireMessage, encodeMessage } from '../../shared/protocol/wire.js';
import { helloOfOpenssl, helloOfVersion01, makeHello, recordOf } from '../support/client-hello.js';
import { makeJpeg } from '../support/pictures.js';
import { ipv6, proxyHeader, proxySignature } from '../support/proxy-header.js';
import { type FuzzTarget, must, orRefused } from './target.js';

const jpegFolder = resolve('test/fixtures/jpeg');
const jpegs: readonly Buffer[] = readdirSync(jpegFolder)
  .filter((name) => name.endsWith('.jpg'))
  .map((name): Buffer => readFileSync(`${jpegFolder}/${name}`))
  .concat(makeJpeg(1), makeJpeg(2, { widthPx: 330, heightPx: 300 }));

const epoch = '00112233445566778899aabbccddeeff';
const jpeg = makeJpeg(1);
const sha256 = sha256Of(jpeg);
const moment = { capturedAtMs: 1_795_332_615_123, utcOffsetMinutes: 60 };
const verdict = { reason: 'change', ratio: 0.1, boxes: [[1, 2, 3, 4]], event: '7', strength: 2.5 };
const frame = { type: 'frame', ...moment, sha256, verdict };
const agentHeaders = [
  { type: 'hello', camera: 'yard', epoch, agent: '1.0.0' },
  { ...frame, sequence: 1 },
  {
    ...{ type: 'dropped', sequence: 2, count: 3, why: 'size', utcOffsetMinutes: -60 },
    ...{ firstCapturedAtMs: 0, lastCapturedAtMs: 1e12 },
  },
  {
    ...{ type: 'report', sequence: 3, fromMs: 0, toMs: 60_000, utcOffsetMinutes: 60 },
    ...{ state: 'failing', why: 'no device', compared: 57, changed: 12, skipped: 0 },
    ...{ longestPauseMs: 2104, waiting: 3, dropped: 0, everyMs: 60_000, steppedMs: -5 },
    before: { epoch, sequence: 311 },
    ended: [{ event: 'e', firstAtMs: 0, lastAtMs: 1, frames: 14, isCut: true }],
    clockMs: 1e12,
  },
  { type: 'bye', code: 'stopping', message: 'it stops', retryAfterMs: 1000 },
  { type: 'pair', agent: '1.0.0' },
];
const receiverHeaders = [
  {
    ...{ type: 'welcome', receiver: '1.0.0', receiverId: epoch, maxFrameBytes: 2 ** 24 },
    ...{ maxInFlight: 8, clockMs: 1e12 },
  },
  { type: 'paired', camera: 'yard', receiver: '1.0.0', receiverId: epoch },
  { type: 'stored', sequence: 1, name: 'yard/2026_11_22/a.jpg', duplicate: false },
  { type: 'refused', sequence: 1, code: 'store', message: 'full', retry: true, retryAfterMs: 5 },
];
const asJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** The check of a message's start, made right: the other harm would not be looked at. */
function withRightCheck(bytes: Buffer): Buffer {
  if (bytes.length < 12) return bytes;
  const copy = Buffer.from(bytes);
  const header = copy.subarray(12, 12 + copy.readUInt32BE(0));
  copy.writeUInt32BE(crc32(header, crc32(copy.subarray(0, 8))), 8);
  return copy;
}

const limits = { maxHeaderBytes: 4096, maxBodyBytes: 4096 };

/** What is decoded of chunks of a size; undefined where a refusal ends it. */
function decodeIn(bytes: Buffer, chunkBytes: number): readonly WireMessage[] | undefined {
  const decoder = new MessageDecoder(limits);
  const messages: WireMessage[] = [];
  return orRefused(() => {
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      messages.push(...decoder.push(bytes.subarray(at, at + chunkBytes)));
    }
    return messages;
  });
}

/** A JSON text as a message that came. */
function headerOf(json: Buffer): WireMessage['header'] | undefined {
  const preamble = Buffer.alloc(12);
  preamble.writeUInt32BE(json.length, 0);
  const decoder = new MessageDecoder({ maxHeaderBytes: 2 ** 16, maxBodyBytes: 0 });
  const message = withRightCheck(Buffer.concat([preamble, json]));
  return orRefused(() => decoder.push(message))?.[0]?.header;
}

/** Where a frame lies: below its camera's folder, one folder deep or two, whatever was sent. */
function checkPath(capturedAtMs: number, utcOffsetMinutes: number, sequence: number): void {
  const isClocked = isPlausibleClock(capturedAtMs);
  const { folder, stem } = isClocked
    ? clockedPath('yard', { capturedAtMs, utcOffsetMinutes })
    : unclockedPath('yard', epoch, sequence, { capturedAtMs: 0, utcOffsetMinutes: 0 });
  const name = numberedName(stem, 1);
  const whole = resolve('/captures', folder, name);
  must(whole.startsWith(`/captures/yard${sep}`), 'a frame lies in its camera');
  const depth = isClocked ? 5 : 6;
  must(whole.split(sep).length === depth && name.length < 100, 'a frame lies in one folder there');
  const read = isClocked ? parseFrameName(name) : undefined;
  must(!isClocked || read?.capturedAtMs === capturedAtMs, 'its name tells its moment');
}

function splitIn(bytes: Buffer, chunkBytes: number): readonly SplitResult[] {
  const splitter = new JpegSplitter({ maxBytes: 4096 });
  const results: SplitResult[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    results.push(...splitter.push(bytes.subarray(at, at + chunkBytes)));
  }
  return results;
}

const masks = [new PNG({ width: 9, height: 5 }), new PNG({ width: 40, height: 30 })].map((png) => {
  png.data.fill(255);
  return PNG.sync.write(png);
});
/** A tiny interlaced one: sixteen bits, grey. */
const interlaced = Buffer.from(
  '89504e470d0a1a0a0000000d49484452000000010000000110000000015b4ee4860000000b49444154789c6360f8ff1f0003ff01ff' +
    '6a5a0f340000000049454e44ae426082',
  'hex',
);

/** Each chunk's check made right, as far as there are chunks. */
function withRightChunks(png: Buffer): Buffer {
  const copy = Buffer.from(png);
  for (let at = 8; at + 12 <= copy.length;) {
    const end = at + 8 + copy.readUInt32BE(at);
    if (end + 4 > copy.length) break;
    copy.writeUInt32BE(crc32(copy.subarray(at + 4, end)), end);
    at = end + 4;
  }
  return copy;
}

const memoryHeader = {
  ...{ frameWidthPx: 16, frameHeightPx: 16, capturedAtMs: 1e12, frames: 5 },
  selection: {
    memory: {
      capturedAtMs: 1e12,
      afterLeft: 0,
      sinceKeptMs: 0,
      event: { id: '1', sinceChangeMs: 5 },
    },
    held: [],
  },
};

function memoryOf(header: Buffer, cells: number): Buffer {
  const magic = Buffer.from('PICCJUDGE4\n');
  const bytes = Buffer.concat([magic, Buffer.alloc(8), header, Buffer.alloc(cells)]);
  bytes.writeUInt32BE(header.length, magic.length + 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(magic.length + 4)), magic.length);
  return bytes;
}

export const byteTargets: readonly FuzzTarget[] = [
  {
    name: 'wire',
    runs: 800,
    corpus: [...agentHeaders, ...receiverHeaders].map((header, nth) =>
      Buffer.concat(encodeMessage(header, makeJpeg(1).subarray(0, nth * 10))),
    ),
    check(bytes) {
      for (const each of [bytes, withRightCheck(bytes)]) {
        const whole = decodeIn(each, each.length || 1);
        const inPieces = decodeIn(each, 5);
        must(isDeepStrictEqual(inPieces, whole), 'chunks change nothing');
        for (const { header, body } of whole ?? []) {
          must(body.length <= limits.maxBodyBytes, 'a body is not longer than its limit');
          orRefused(() => readAgentMessage(header));
          orRefused(() => readReceiverMessage(header));
        }
      }
    },
  },
  {
    name: 'agent-messages',
    runs: 2000,
    corpus: agentHeaders.map(asJson),
    check(bytes) {
      const header = headerOf(bytes);
      const message = header && orRefused(() => readAgentMessage(header));
      if (message?.type === 'hello') must(isCameraName(message.camera), 'a camera has a name');
      if (message?.type === 'frame') {
        checkPath(message.capturedAtMs, message.utcOffsetMinutes, message.sequence);
      }
      if (message?.type === 'dropped') {
        checkPath(message.firstCapturedAtMs, message.utcOffsetMinutes, message.sequence);
        new Date(message.lastCapturedAtMs).toISOString();
      }
    },
  },
  {
    name: 'receiver-messages',
    runs: 1500,
    corpus: receiverHeaders.map(asJson),
    check(bytes) {
      const header = headerOf(bytes);
      const message = header && orRefused(() => readReceiverMessage(header));
      if (message === undefined || !('receiverId' in message)) return;
      // It becomes a file's name at the agent.
      must(/^[0-9a-f]{32}$/.test(message.receiverId ?? epoch), 'a receiver has an id');
    },
  },
  {
    name: 'first-bytes',
    runs: 200,
    corpus: ['PICC/1\n', 'PICC/2\n', '\u0016\u0003\u0001', 'GET / HTTP/1.1\r\n']
      .map((text): Buffer => Buffer.from(text))
      .concat(makeJpeg(1)),
    check(bytes) {
      for (let length = 0; length < Math.min(bytes.length, 12); length += 1) {
        recognize(bytes.subarray(0, length));
        orRefused(() => MessageDecoder.ofReceiver(limits).push(bytes.subarray(0, length)));
      }
    },
  },
  {
    name: 'proxy-header',
    runs: 2000,
    corpus: [
      proxyHeader(),
      proxyHeader({ fields: Buffer.alloc(40, 7) }),
      proxyHeader({ family: 0x21, addresses: ipv6('20010db8'.padEnd(32, '0'), 1) }),
      proxyHeader({ command: 0x20, family: 0, addresses: Buffer.alloc(0) }),
    ],
    check(bytes) {
      // Harmed as a whole, and behind a signature that is in order.
      for (const each of [bytes, Buffer.concat([proxySignature, bytes.subarray(12)])]) {
        let read = readProxyHeader(each.subarray(0, 0));
        let length = 0;
        // As it is read: no byte more than an answer asks for.
        while (read.kind === 'partial' && length + read.missingBytes <= each.length) {
          must(read.missingBytes > 0, 'each step reads something');
          length += read.missingBytes;
          must(length <= maxProxyHeaderBytes, 'a limit is kept');
          read = readProxyHeader(each.subarray(0, length));
        }
        if (read.kind === 'proxied') must(isIP(read.address) > 0, 'a peer has an address');
      }
    },
  },
  {
    name: 'client-hello',
    runs: 3000,
    corpus: [helloOfOpenssl, helloOfVersion01, makeHello('yard.k1', { shares: [0x11ec, 0x001d] })],
    check(bytes) {
      // Harmed as a whole, and with a header that is in order.
      for (const each of [bytes, recordOf(bytes.subarray(5, 65_000))]) {
        const read = readClientHello(each);
        if (read.kind === 'partial') must(each.length < maxClientHelloBytes, 'a limit is kept');
        if (read.kind !== 'whole') continue;
        must(each.length <= maxClientHelloBytes, 'a limit is kept');
        must(isCameraName(read.identity.name), 'a key has a name');
        const isShort = readClientHello(each.subarray(0, -1)).kind === 'partial';
        must(isShort, 'what is whole was not whole before its last byte');
      }
    },
  },
  {
    name: 'splitter',
    runs: 300,
    corpus: [
      ...jpegs.filter(({ length }) => length < 8192),
      Buffer.concat([makeJpeg(1), makeJpeg(2)]),
    ],
    check(bytes) {
      const whole = splitIn(bytes, bytes.length || 1);
      const inPieces = splitIn(bytes, 7);
      must(isDeepStrictEqual(inPieces, whole), 'chunks change nothing');
      for (const result of whole) {
        if (result.kind !== 'jpeg') continue;
        must(result.bytes.length <= 4096, 'a picture is not longer than its limit');
        must(findJpegDamage(result.bytes) === undefined, 'what is found is whole');
      }
      findJpegDamage(bytes);
    },
  },
  {
    name: 'jpeg',
    runs: 200,
    corpus: jpegs,
    check(bytes) {
      orRefused(() => decodePlanes(bytes, makeGrid, { chroma: true }));
      orRefused(() => decodeSmallPicture(bytes));
    },
  },
  {
    name: 'mask',
    runs: 300,
    corpus: [...masks, interlaced],
    check(bytes) {
      for (const each of [bytes, withRightChunks(bytes)]) {
        const mask = orRefused(() => readMask(each));
        if (mask === undefined) continue;
        must(
          mask.included.length === mask.widthPx * mask.heightPx,
          'a mask has as many pixels as it says',
        );
      }
    },
  },
  {
    name: 'memory',
    runs: 300,
    corpus: [asJson(memoryHeader)],
    check(bytes) {
      // 2 by 2 cells of seven numbers and a mark: what the good header is about.
      for (const cells of [0, 4 * 29]) decodeState(memoryOf(bytes, cells));
      decodeState(bytes);
    },
  },
  {
    name: 'report-state',
    runs: 300,
    corpus: [
      Buffer.from(
        '{"version":1,"savedAtMs":1,"nextNumber":8,"current":{"current":{"number":7,"fromMs":1,"toMs":2,"utcOffsetMinutes":60,' +
          '"state":"watching","compared":3,"changed":1,"skipped":0,"longestPauseMs":1000,"ended":[{"event":"e1",' +
          '"firstAtMs":1,"lastAtMs":2,"frames":3,"isCut":true}],"waiting":0,"dropped":0},"sinceComparedMs":5},' +
          '"receivers":{"laptop_4444":{"epoch":"0123456789abcdef","lastSequence":9,"dropped":0,"stretches":[]}}}',
      ),
    ],
    check(bytes) {
      const state = decodeReportState(bytes);
      if (typeof state === 'string') return;
      const again = decodeReportState(encodeReportState(state));
      must(typeof again !== 'string', 'a state that was read can be written');
    },
  },
  {
    name: 'spool-entry',
    runs: 300,
    corpus: [asJson(frame), asJson({ ...agentHeaders[2] })],
    check(bytes) {
      const entry = Buffer.concat([jpeg, bytes, Buffer.alloc(4), Buffer.from('PICSPOOL')]);
      entry.writeUInt32BE(bytes.length, jpeg.length + bytes.length);
      const read = orRefused(() => decodeEntry(entry));
      if (read !== undefined) orRefused(() => decodeEntry(encodeEntry(read)));
      orRefused(() => decodeEntry(bytes));
    },
  },
];
