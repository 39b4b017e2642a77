/**
 * The headers of the framed protocol and their validation. Pure.
 * Unknown types and fields belong to a newer minor version and are skipped.
 */
import * as v from 'valibot';
import { isCameraName } from './camera-name.js';
import { OperationalError } from '../cli/errors.js';
import { count, durationMs, epoch, utcOffsetMinutes, wallTimeMs, word } from './fields.js';
import { reportHeader } from './report-header.js';
import { maxBoxes, maxSequenceRanges } from './protocol-limits.js';

const sentence = v.pipe(v.string(), v.maxLength(1000));

/** Why a frame is sent. */
export const reasons = [
  'first',
  'change',
  'scene',
  'before',
  'after',
  'keep-every',
  'all',
] as const;
export type Reason = (typeof reasons)[number];

const verdict = v.object({
  /** A word from `reasons`, or one from a newer version. */
  reason: word,
  /** Share of the picture inside the mask that changed, 0..1. */
  ratio: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  /** Changed regions, largest first: [left, top, width, height] in pixels of the frame. */
  boxes: v.pipe(
    v.array(v.tuple([count, count, count, count])),
    v.maxLength(maxBoxes),
    v.readonly(),
  ),
  /** Id of the event that the frame belongs to. */
  event: v.optional(v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/))),
  /** Something is in view that does not belong to the background. */
  changed: v.optional(v.boolean()),
  /** Strongest change relative to the threshold of the sensitivity: 1 just reaches it. */
  strength: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0))),
});
/** The verdict on a frame that is sent: in its header, in the spool, and in the receiver's record. */
export type WireVerdict = v.InferOutput<typeof verdict>;

/** What a side does beyond 0.1; unknown words belong to a newer version. */
const words = v.optional(v.pipe(v.array(word), v.maxLength(16)));
/** An optional field whose invalid value counts as absent: a frame is never refused because of it. */
const lenient = (pattern: RegExp) =>
  v.fallback(v.optional(v.pipe(v.string(), v.regex(pattern))), undefined);
/** SubjectPublicKeyInfo of an Ed25519 key in PEM (RFC 8410). */
const publicKey = lenient(
  /^-----BEGIN PUBLIC KEY-----\n[A-Za-z0-9+/=\n]{40,160}-----END PUBLIC KEY-----\n$/,
);
/** The camera's signed statement about the entry: see `statement.ts`. */
const statementFields = {
  statement: lenient(/^\{"[a-z]{1,16}":\d{1,4},[ -~]{1,16000}\}$/),
  signature: lenient(/^[\w-]{86}$/),
};

const hello = v.object({
  type: v.literal('hello'),
  camera: v.pipe(v.string(), v.check(isCameraName, 'is not a camera name')),
  epoch,
  agent: v.pipe(v.string(), v.maxLength(64)),
  /** `signed`: statements and signatures come with its entries. */
  can: words,
  /** Key of its signatures. */
  publicKey,
});
/** A day less than a Date holds, either way: a time in every zone, of which the frame's line and name can be made. */
const captureTimeMs = v.pipe(
  wallTimeMs,
  v.minValue(86_400_000 - 8.64e15),
  v.maxValue(8.64e15 - 86_400_000),
);
/** A frame's header without its sequence, which the spool assigns. */
export const frameHeader = v.object({
  type: v.literal('frame'),
  capturedAtMs: captureTimeMs,
  utcOffsetMinutes,
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  verdict,
});
/**
 * Why frames are lost: a limit of the agent dropped them (`size`, `age`, `disk`), the receiver refused them for good
 * and such a limit then dropped them from `rejected/` (`refused`), or the spool's copy is damaged (`damaged`).
 */
export const dropReasons = ['size', 'age', 'disk', 'refused', 'damaged'] as const;
export type DropReason = (typeof dropReasons)[number];
/** First and last sequence of a range. */
const sequenceRange = v.pipe(
  v.tuple([count, count]),
  v.check(([first, last]) => first <= last, 'ends before it begins'),
);
/** Ranges in ascending order; none overlaps another. */
const sequenceRanges = v.pipe(
  v.array(sequenceRange),
  v.minLength(1),
  v.maxLength(maxSequenceRanges),
  v.check(
    (ranges) => ranges.every(([first], at) => at === 0 || first > (ranges[at - 1]?.[1] ?? 0)),
    'are not in ascending order',
  ),
);
export type SequenceRange = v.InferOutput<typeof sequenceRange>;

/** Frames that were to be sent and are lost: a gap, which the receiver records. */
export const droppedHeader = v.object({
  type: v.literal('dropped'),
  count: v.pipe(count, v.minValue(1)),
  /** Capture times of the first and the last of them. */
  firstCapturedAtMs: wallTimeMs,
  lastCapturedAtMs: wallTimeMs,
  utcOffsetMinutes,
  /** A word from `dropReasons`, or one from a newer version. */
  why: word,
  /** Sequences of the frames, in the same epoch; absent from an agent of 0.1. */
  sequences: v.optional(sequenceRanges),
});
const frame = v.object({ ...frameHeader.entries, sequence: count, ...statementFields });
const dropped = v.object({ ...droppedHeader.entries, sequence: count, ...statementFields });
const report = v.object({
  ...reportHeader.entries,
  sequence: count,
  /** The agent's clock when the report is sent. */
  clockMs: wallTimeMs,
  ...statementFields,
});
const ping = v.object({ type: v.literal('ping') });
const pair = v.object({
  type: v.literal('pair'),
  agent: v.pipe(v.string(), v.maxLength(64)),
  /** Key of its signatures, which the receiver pins. */
  publicKey,
});
const bye = v.object({
  type: v.literal('bye'),
  /** Absent: an orderly end. */
  code: v.optional(word),
  message: v.optional(sentence),
  /** Earliest reconnect. */
  retryAfterMs: v.optional(durationMs),
});
const welcome = v.object({
  type: v.literal('welcome'),
  receiver: v.pipe(v.string(), v.maxLength(64)),
  /** Random id of the captures directory: the same receiver, however its host is spelled. */
  receiverId: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))),
  maxFrameBytes: count,
  maxInFlight: v.pipe(count, v.minValue(1)),
  /** The receiver's wall time. */
  clockMs: wallTimeMs,
  /** `report`: it takes reports. */
  takes: words,
});
const paired = v.object({
  type: v.literal('paired'),
  /** The camera of the key; the receiver's user chose the name. */
  camera: v.pipe(v.string(), v.check(isCameraName, 'is not a camera name')),
  receiver: v.pipe(v.string(), v.maxLength(64)),
  /** As in `welcome`. */
  receiverId: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
});
const stored = v.object({
  type: v.literal('stored'),
  sequence: count,
  /** Relative to the captures directory. */
  name: v.pipe(v.string(), v.maxLength(512)),
  /** True when the frame was stored before. */
  duplicate: v.boolean(),
});
const refused = v.object({
  type: v.literal('refused'),
  sequence: count,
  code: word,
  message: sentence,
  /** False: refused for good, never sent again. */
  retry: v.boolean(),
  retryAfterMs: v.optional(durationMs),
});
const pong = v.object({ type: v.literal('pong') });

const agentSchemas = { hello, pair, frame, dropped, report, ping, bye };
const receiverSchemas = { welcome, paired, stored, refused, pong, bye };

type Message<Schemas extends Record<string, v.GenericSchema>> = v.InferOutput<
  Schemas[keyof Schemas]
>;
export type AgentMessage = Message<typeof agentSchemas>;
export type ReceiverMessage = Message<typeof receiverSchemas>;
export type PairMessage = v.InferOutput<typeof pair>;
export type PairedMessage = v.InferOutput<typeof paired>;
export type HelloMessage = v.InferOutput<typeof hello>;
export type FrameMessage = v.InferOutput<typeof frame>;
export type DroppedMessage = v.InferOutput<typeof dropped>;
export type ReportMessage = v.InferOutput<typeof report>;
export type FrameHeader = v.InferOutput<typeof frameHeader>;
export type DroppedHeader = v.InferOutput<typeof droppedHeader>;
export type ByeMessage = v.InferOutput<typeof bye>;

/** @returns undefined for a type that this version does not know @throws {OperationalError} PROTOCOL */
export function readAgentMessage(
  header: Readonly<Record<string, unknown>>,
): AgentMessage | undefined {
  return readMessage(agentSchemas, header);
}

/** @returns undefined for a type that this version does not know @throws {OperationalError} PROTOCOL */
export function readReceiverMessage(
  header: Readonly<Record<string, unknown>>,
): ReceiverMessage | undefined {
  return readMessage(receiverSchemas, header);
}

function readMessage<Schemas extends Record<string, v.GenericSchema>>(
  schemas: Schemas,
  header: Readonly<Record<string, unknown>>,
): Message<Schemas> | undefined {
  const { type } = header;
  if (typeof type !== 'string') throw new OperationalError('PROTOCOL', 'a message without a type');
  const schema = Object.hasOwn(schemas, type) ? schemas[type] : undefined;
  if (schema === undefined) return undefined;
  const result = v.safeParse(schema, header);
  if (!result.success) {
    const [issue] = result.issues;
    const where = v.getDotPath(issue) ?? '';
    // The issue quotes the value, which may be as long as a header.
    const what = issue.message.slice(0, 200);
    throw new OperationalError('PROTOCOL', `a ${type} message with an invalid ${where}: ${what}`);
  }
  return result.output;
}
