/** docs/protocol.md against the programs: its limits, its fields, its examples and the bytes of its dump. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import jpegJs from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { clockedPath, numberedName } from '../../../shared/protocol/frame-path.js';
import { findJpegDamage } from '../../../shared/jpeg/splitter.js';
import * as limits from '../../../shared/protocol/protocol-limits.js';
import {
  readAgentMessage,
  readReceiverMessage,
  reasons,
} from '../../../shared/protocol/messages.js';
import { MessageDecoder, encodeMessage } from '../../../shared/protocol/wire.js';
import { hex } from '../chunking.js';

const text = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');

/** The rows of the first table in a section: the code in the first cell, the rest of the row. */
function rowsOf(part: string): { name: string; rest: string }[] {
  const table = /^\|(?:.*\n\|)+.*/m.exec(part)?.[0] ?? '';
  return [...table.matchAll(/^\| `([\w-]+)` *\|(.*)\|$/gm)].map(([, name = '', rest = '']) => ({
    name,
    rest,
  }));
}

describe('the table of limits', () => {
  it('has each limit with its value', () => {
    const [, part = ''] = text.split('## Keepalive and limits');
    const inTable = rowsOf(part).map(({ name, rest }) => [name, Number.parseInt(rest)]);
    const { preface, ...numbers } = limits;
    expect(Object.fromEntries(inTable)).toEqual(numbers);
    expect(text).toContain(`\`${preface.trim()}\` and a line feed`);
  });
});

const messages = [...text.matchAll(/^### `(\w+)`, (.*)\n([\s\S]*?)(?=^##)/gm)].map(
  ([, type = '', way = '', part = '']) => ({
    type,
    readers: [
      ...(way === 'receiver to agent' ? [] : [readAgentMessage]),
      ...(way === 'agent to receiver' ? [] : [readReceiverMessage]),
    ],
    rows: rowsOf(part),
    example: JSON.parse(/```json\n([\s\S]*?)```/.exec(part)?.[1] ?? '') as Record<string, unknown>,
  }),
);

describe('the messages', () => {
  it('are all there', () => {
    const entries = ['frame', 'dropped', 'report'];
    const types = ['hello', 'welcome', 'pair', 'paired', ...entries, 'stored', 'refused'];
    expect(messages.map(({ type }) => type)).toEqual([...types, 'ping', 'pong', 'bye']);
  });

  it.each(messages)(
    'show a good $type that has every field',
    ({ type, readers, rows, example }) => {
      expect(example.type).toBe(type);
      expect(Object.keys(example)).toEqual(rows.map(({ name }) => name));
      // The parser drops fields that it does not know.
      for (const read of readers) expect(read(example)).toEqual(example);
    },
  );

  it.each(messages)(
    'call optional what a $type may lack, and nothing else',
    ({ readers, rows, example }) => {
      for (const { name, rest } of rows.filter((row) => row.name !== 'type')) {
        const { [name]: left, ...lacking } = example;
        expect(left).toBeDefined();
        for (const read of readers) {
          if (rest.startsWith(' optional')) expect(read(lacking)).toEqual(lacking);
          else expect(() => read(lacking)).toThrow(expect.objectContaining({ code: 'PROTOCOL' }));
        }
      }
    },
  );
});

describe('the verdict of a frame', () => {
  const [, part = ''] = text.split('| field of `verdict`');
  const rows = rowsOf(`| ${part}`);
  const frame = messages.find(({ type }) => type === 'frame')!.example;
  const verdict = frame.verdict as Record<string, unknown>;

  it('has every field in the example', () => {
    expect(Object.keys(verdict)).toEqual(rows.map(({ name }) => name));
  });

  it('may lack optional fields, and no other', () => {
    for (const { name, rest } of rows) {
      const { [name]: left, ...lacking } = verdict;
      expect(left).toBeDefined();
      const message = { ...frame, verdict: lacking };
      if (rest.startsWith(' optional')) expect(readAgentMessage(message)).toEqual(message);
      else expect(() => readAgentMessage(message)).toThrow(`invalid verdict.${name}`);
    }
  });

  it('has exactly the reasons of the table', () => {
    const [, table = ''] = text.split('| `reason`     | why');
    expect(rowsOf(`| ${table}`).map(({ name }) => name)).toEqual([...reasons]);
  });
});

/** The bytes of one side's blocks, each block checked to be what xxd prints. */
function dumpOf(side: string): Buffer {
  const blocks = [...text.matchAll(/^```xxd (\w+)\n([\s\S]*?)^```$/gm)].filter(
    ([, who]) => who === side,
  );
  return Buffer.concat(
    blocks.map(([, , dump = '']) => {
      const bytes = hex(dump.replaceAll(/^\w+: (.{39}).*$/gm, '$1'));
      expect(dump).toBe(xxd(bytes));
      return bytes;
    }),
  );
}

function xxd(bytes: Buffer): string {
  let lines = '';
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const pairs = row
      .toString('hex')
      .replaceAll(/.{4}(?=.)/g, '$& ')
      .padEnd(39);
    const shown = row.toString('latin1').replaceAll(/[^ -~]/g, '.');
    lines += `${at.toString(16).padStart(8, '0')}: ${pairs}  ${shown}\n`;
  }
  return lines;
}

function decodeDump(side: string) {
  const bytes = dumpOf(side);
  expect(bytes.toString('latin1', 0, limits.preface.length)).toBe(limits.preface);
  const decoder = new MessageDecoder({ maxHeaderBytes: limits.maxHeaderBytes, maxBodyBytes: 1000 });
  const decoded = decoder.push(bytes.subarray(limits.preface.length));
  expect(decoder.isInside).toBe(false);
  const again = decoded.flatMap(({ header, body }) => encodeMessage(header, body));
  expect(Buffer.concat([Buffer.from(limits.preface), ...again])).toEqual(bytes);
  return decoded;
}

describe('the example conversation', () => {
  it('is what both programs write, byte for byte', () => {
    const fromAgent = decodeDump('agent').map(({ header }) => readAgentMessage(header)?.type);
    expect(fromAgent).toEqual(['hello', 'frame', 'bye']);
    const fromReceiver = decodeDump('receiver').map(
      ({ header }) => readReceiverMessage(header)?.type,
    );
    expect(fromReceiver).toEqual(['welcome', 'stored', 'bye']);
  });

  it('carries a picture with its hash, and the name that it is stored under', () => {
    const [first, second] = decodeDump('agent');
    const hello = readAgentMessage(first!.header);
    const frame = readAgentMessage(second!.header);
    const jpeg = second!.body;
    const stored = readReceiverMessage(decodeDump('receiver')[1]!.header);
    if (hello?.type !== 'hello' || frame?.type !== 'frame') throw new Error('no frame after hello');
    expect(createHash('sha256').update(jpeg).digest('hex')).toBe(frame.sha256);
    expect(findJpegDamage(jpeg)).toBeUndefined();
    expect(jpegJs.decode(jpeg)).toMatchObject({ width: 8, height: 8 });
    const { folder, stem } = clockedPath(hello.camera, frame);
    expect(stored).toMatchObject({
      sequence: frame.sequence,
      name: `${folder}/${numberedName(stem, 1)}`,
      duplicate: false,
    });
  });
});
