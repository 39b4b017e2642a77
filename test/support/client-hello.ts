/** Builds ClientHellos byte by byte: that of an agent, and variants with any part changed. */
import { randomBytes } from 'node:crypto';

/** The parts of an agent's ClientHello; each may be replaced. */
export interface HelloParts {
  readonly identities: readonly (string | Buffer)[];
  readonly binders: readonly Buffer[];
  readonly contentType: number;
  readonly recordVersion: number;
  readonly messageType: number;
  readonly legacyVersion: number;
  readonly suites: readonly number[];
  readonly versions: readonly number[];
  readonly modes: readonly number[];
  readonly groups: readonly number[];
  /** Groups of the key shares. */
  readonly shares: readonly number[];
  readonly compression: readonly number[];
  readonly extensionsBefore: readonly (readonly [number, Buffer])[];
  readonly extensionsAfter: readonly (readonly [number, Buffer])[];
  /** Numbers of omitted extensions. */
  readonly without: readonly number[];
  /** Bytes in the record after the message. */
  readonly trailer: Buffer;
}

const uint = (value: number, byteCount: number): Buffer => {
  const bytes = Buffer.alloc(byteCount);
  bytes.writeUIntBE(value, 0, byteCount);
  return bytes;
};
export const vector = (lengthBytes: number, ...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  return Buffer.concat([uint(content.length, lengthBytes), content]);
};
const numbers = (byteCount: number, values: readonly number[]): Buffer[] =>
  values.map((value) => uint(value, byteCount));

const shareBytes = new Map([
  [0x001d, 32],
  [0x0018, 97],
  [0x11ec, 1216],
]);

/** A ClientHello in one record. Its binders verify with no key. */
export function makeHello(identity: string, changes: Partial<HelloParts> = {}): Buffer {
  const parts: HelloParts = {
    identities: [identity],
    binders: [randomBytes(32)],
    contentType: 22,
    recordVersion: 0x0301,
    messageType: 1,
    legacyVersion: 0x0303,
    suites: [0x1301, 0x1303, 0x00ff],
    versions: [0x0304],
    modes: [1],
    groups: [0x001d, 0x0017],
    shares: [0x001d],
    compression: [0],
    extensionsBefore: [],
    extensionsAfter: [],
    without: [],
    trailer: Buffer.alloc(0),
    ...changes,
  };
  const shares = parts.shares.flatMap((group) => [
    uint(group, 2),
    vector(2, randomBytes(shareBytes.get(group) ?? 32)),
  ]);
  const identities = parts.identities.flatMap((name) => [vector(2, Buffer.from(name)), uint(0, 4)]);
  const extensions: (readonly [number, Buffer])[] = [
    ...parts.extensionsBefore,
    [10, vector(2, ...numbers(2, parts.groups))],
    [13, vector(2, ...numbers(2, [0x0403, 0x0807, 0x0804]))],
    [43, vector(1, ...numbers(2, parts.versions))],
    [45, vector(1, ...numbers(1, parts.modes))],
    [51, vector(2, ...shares)],
    [
      41,
      Buffer.concat([
        vector(2, ...identities),
        vector(2, ...parts.binders.map((binder) => vector(1, binder))),
      ]),
    ],
    ...parts.extensionsAfter,
  ];
  const body = [
    uint(parts.legacyVersion, 2),
    randomBytes(32),
    vector(1, randomBytes(32)),
    vector(2, ...numbers(2, parts.suites)),
    vector(1, ...numbers(1, parts.compression)),
    vector(
      2,
      ...extensions
        .filter(([type]) => !parts.without.includes(type))
        .flatMap(([type, data]) => [uint(type, 2), vector(2, data)]),
    ),
  ];
  const message = Buffer.concat([uint(parts.messageType, 1), vector(3, ...body), parts.trailer]);
  return recordOf(message, parts);
}

export function recordOf(
  content: Buffer,
  { contentType, recordVersion } = { contentType: 22, recordVersion: 0x0301 },
): Buffer {
  return Buffer.concat([uint(contentType, 1), uint(recordVersion, 2), vector(2, content)]);
}

/** The identity `frontdoor.abcd`, from `openssl s_client -tls1_3 -psk_identity … -psk …` of OpenSSL 3.0. */
export const helloOfOpenssl = Buffer.from(
  '1603010119010001150303c8a3ec477e075dc4d79aa782f145b59b1553694626afbcecd80adf19cbb030a82084392e2279a1c46003' +
    '69f06dc8501ab3de306fb633ea313b8ca112f1978a2313000813021303130100ff010000c4000b000403000102000a0016001400' +
    '1d0017001e0019001801000101010201030104002300000016000000170000000d001e001c040305030603080708080809080a08' +
    '0b080408050806040105010601002b0003020304002d00020101003300260024001d002021d2c8f2181efbfce2e4d77431ed14e7' +
    'f50beb0e034403a943832d0a9d629b43002900390014000e66726f6e74646f6f722e6162636400000000002120a555ae43fa6be9' +
    'ba1e27f307f4fc688a38b6d3c9cc5bd2128f8ca8d445a108d9',
  'hex',
);

/** The same from an agent of 0.1.0. */
export const helloOfVersion01 = Buffer.from(
  '1603010107010001030303826bc27dabda4ff1f0fbb5a11cf7614df8e64d5758ea325c868caba114828f9220d784b8af6297ceed2f' +
    'c39445c50d0ff3152735c130936b80d44e1305f9fea43200061301130300ff010000b4000b000403000102000a00060004001d00' +
    '17002300000016000000170000000d001e001c040305030603080708080809080a080b0804080508060401050106010' +
    '02b0003020304002d00020101003300260024001d002009c8685e911003903c70fe39e938a780f60e024b17544dc8f42e414734d7' +
    '4a2f002900390014000e66726f6e74646f6f722e616263640000000000212073b8f6ff79c50da62768834684cfa176ba62c3c040' +
    'b75ee6f221f520ee18bb31',
  'hex',
);
