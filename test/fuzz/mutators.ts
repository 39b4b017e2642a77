/** What is done to good bytes, and what they look like then: any bytes, and such as do most harm. */
import fc from 'fast-check';

type Harm = (bytes: Buffer) => Buffer;

/** A place in bytes of any length. */
const place = fc.nat({ max: 0xffff_ffff });
const at = (bytes: Buffer, where: number): number => where % (bytes.length + 1);

/** Words that mean something to somebody: to paths, shells, systemd, terminals, JSON, numbers, prototypes. */
const words = [
  ...['', '.', '..', '/', '\\', '../../etc/passwd', '/etc/passwd', '~', '\0', 'a'.repeat(300)],
  ...['$(id)', '`id`', ';id', '|id', '&', '"', "'", '$HOME', '%n', '%h', '*', '#', '=', ':', '@'],
  ...['\n', '\r\n', '\r', '\t', ' ', '\u001b[2J', '\u009b', '\u202e', '\ufeff', '\u2028', '\u00a0'],
  ...['raw-', 'RAW-', 'raw-1', 'con', 'nul', 'pair', 'A', 'ａ', 'а', 'İ', 'ı', 'ſ', 'K', 'é', 'é'],
  ...['0', '-0', '-1', '1e999', '9007199254740993', '0x10', 'NaN', 'null', 'true', '1.5', '１'],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'type'],
  ...['{', '}', '[', ']', '{"__proto__":{"polluted":1}}', '['.repeat(5000), ',', 'record.jsonl'],
  ...[
    '.incoming',
    '.locks',
    '.picchanged.json',
    '-',
    '--',
    '-2',
    '_',
    '+0100',
    'unclocked',
    '.jpg',
  ],
].map((word) => Buffer.from(word));
/** No UTF-8: half a letter, a surrogate, a byte that is never there. */
const noText = ['c3', 'eda080', 'ff', 'ffd8ff', 'ffffffff', '00000000', '7fffffff', '80000000'].map(
  (hex) => Buffer.from(hex, 'hex'),
);
const piece = fc.oneof(
  fc.constantFrom(...words, ...noText),
  fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
);

const values: readonly unknown[] = [
  ...[
    null,
    true,
    0,
    -0,
    -1,
    1.5,
    2 ** 53,
    1e308,
    '',
    '..',
    'a/b',
    '\0',
    'a'.repeat(2000),
    '__proto__',
  ],
  ...[[], {}, [[]], [null], { __proto__: null, polluted: 1 }, { toString: 1 }, { length: 1e9 }],
];
const keys = ['__proto__', 'constructor', 'prototype', 'toString', 'toJSON', 'then', 'type', ''];
const anyValue = fc.oneof(
  fc.constantFrom(...values),
  fc.constantFrom(...keys),
  fc.constantFrom(...words).map(String),
);

/** One value of a JSON text replaced, or one added under a name that somebody may trip over. */
const jsonHarm = fc
  .tuple(place, anyValue, fc.option(fc.constantFrom(...keys), { freq: 1 }))
  .map(([where, value, key]): Harm => (bytes) => {
    let json: unknown;
    try {
      json = JSON.parse(bytes.toString());
    } catch {
      return bytes; // no JSON: left to the others
    }
    const top = { json };
    const places = placesIn(top);
    const [holder, name] = places[where % places.length] ?? [top, 'json'];
    // `__proto__` as JSON.parse takes it: a key like any other.
    const property = { value, enumerable: true, configurable: true, writable: true };
    Object.defineProperty(holder, key ?? name, property);
    return Buffer.from(JSON.stringify(top.json));
  });

function placesIn(value: unknown): [object, string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [[value, key], ...placesIn(inner)]);
}

function harmOf(corpus: readonly Buffer[]): fc.Arbitrary<Harm> {
  return fc.oneof(
    { weight: 3, arbitrary: jsonHarm },
    fc.tuple(place, place, piece).map(([from, length, put]): Harm => (bytes) => {
      const start = at(bytes, from);
      return Buffer.concat([bytes.subarray(0, start), put, bytes.subarray(start + (length % 8))]);
    }),
    fc.tuple(place, fc.nat({ max: 7 })).map(([where, bit]): Harm => (bytes) => {
      const copy = Buffer.from(bytes);
      if (copy.length > 0) copy[where % copy.length]! ^= 1 << bit;
      return copy;
    }),
    // Most formats say what they are, and how long, at the start.
    fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 255 })).map(([where, byte]): Harm => (bytes) => {
      const copy = Buffer.from(bytes);
      if (where < copy.length) copy[where] = byte;
      return copy;
    }),
    place.map((where): Harm => (bytes) => bytes.subarray(0, at(bytes, where))),
    fc.tuple(place, place).map(([from, to]): Harm => (bytes) =>
      Buffer.concat([bytes.subarray(0, at(bytes, from)), bytes.subarray(at(bytes, to))]),
    ),
    fc.tuple(place, place, fc.constantFrom(...corpus)).map(([from, to, other]): Harm => (bytes) =>
      Buffer.concat([bytes.subarray(0, at(bytes, from)), other.subarray(at(other, to))]),
    ),
  ); // prettier-ignore
}

/** Good bytes after some harm; now and then good ones, and bytes that never were. */
export function harmed(corpus: readonly Buffer[]): fc.Arbitrary<Buffer> {
  return fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...corpus) },
    {
      weight: 1,
      arbitrary: fc.array(piece, { maxLength: 5 }).map((pieces) => Buffer.concat(pieces)),
    },
    {
      weight: 18,
      arbitrary: fc
        .tuple(fc.constantFrom(...corpus), fc.array(harmOf(corpus), { minLength: 1, maxLength: 3 }))
        .map(([bytes, harms]) => harms.reduce((so, harm) => harm(so), bytes)),
    },
  );
}
