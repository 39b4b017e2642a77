/** The mistakes that the suite must notice, each as one snippet that is wrong in one source. */
import type { Mutation } from './mutants.js';

/** Seen when the pair goes through faults. */
export const seenInFaults = {
  deleteBeforeAcknowledge: {
    name: 'the agent forgets a frame when it is sent, not when it is acknowledged',
    path: 'agent/uplink/link.ts',
    snippet: 'this.#inFlight.set(sequence, header.type);',
    replacement:
      'this.#inFlight.set(sequence, header.type); void this.#parts.spool.acknowledge(sequence);',
  },
  noDuplicateCheck: {
    name: 'the receiver does not look whether it has a frame already',
    path: 'receiver/store/frame-copy.ts',
    snippet: 'return found.equals(bytes);',
    replacement: 'return found.equals(Buffer.alloc(0));',
  },
  renameOver: {
    name: 'the receiver renames over a name that is taken',
    path: 'receiver/store/publish.ts',
    snippet: 'await temporary.folder.link(temporary.name, final.folder, final.name);',
    replacement: 'await replaceFile(temporary, final); return true;',
  },
  noSum: {
    name: 'the receiver does not check the SHA-256',
    path: 'receiver/connection/frame-intake.ts',
    snippet: '(await sha256Of(jpeg, tab)) !== message.sha256',
    replacement: "(await sha256Of(jpeg, tab)) === ''",
  },
} satisfies Record<string, Mutation>;

/** Seen when receivers refuse frames, and when the agent's disk goes and comes back. */
export const seenInRefusals = {
  cutUncounted: {
    name: 'the agent cuts what is set aside without a note',
    path: 'agent/spool/queue-spool.ts',
    snippet: "await this.#countDropped(refused, 'refused');",
    replacement: '',
  },
  miscounted: {
    name: 'the agent counts frames without naming them',
    path: 'agent/spool/gap-entries.ts',
    snippet: 'count: countIn(sequences),',
    replacement: 'count: countIn(sequences) + 100,',
  },
  tooLargeForGood: {
    name: 'the agent sets aside what is too large for the receiver of the day',
    path: 'agent/uplink/link.ts',
    snippet: 'if (skipped.isTooLarge(sequence, body.length)) {',
    replacement:
      "if (skipped.isTooLarge(sequence, body.length)) { await spool.reject(sequence, 'large');",
  },
  unreadableForGood: {
    name: 'the agent takes any failure to read an entry for final',
    path: 'agent/spool/queue-spool.ts',
    snippet: "error instanceof OperationalError && error.code === 'FRAME'",
    replacement: 'error instanceof OperationalError',
  },
} satisfies Record<string, Mutation>;

/** Seen when a pair that knows each other goes through faults. */
export const seenOverTls = {
  fallBack: {
    name: 'the agent speaks in the clear when TLS has failed',
    path: 'agent/uplink/uplink.ts',
    snippet: 'const identity = key && {',
    replacement: 'const identity = key && this.#errors.failures === 0 && {',
  },
} satisfies Record<string, Mutation>;

/** Seen when the power is cut in the model. */
export const seenInPowerCuts = {
  acknowledgeFirst: {
    name: 'the receiver acknowledges before the frame is on the disk',
    path: 'receiver/connection/frame-intake.ts',
    snippet: 'const stored = await work();',
    replacement:
      "this.#parts.send({ type: 'stored', sequence, name: '', duplicate: false }); const stored = await work();",
  },
  noDirectoryFlush: {
    name: 'names are not flushed',
    path: 'shared/files/durable-file.ts',
    snippet: 'await handle.sync();',
    replacement: '',
  },
  noFolderFlush: {
    name: 'names in the captures directory are not flushed',
    path: 'receiver/store/folder.ts',
    snippet: 'this.#named(this.#handle.sync())',
    replacement: 'Promise.resolve()',
  },
  forgetSequence: {
    name: 'nothing is left of the newest frame when it is acknowledged',
    path: 'agent/spool/disk-store.ts',
    snippet: 'if (tombstone === undefined) await unlink(path);',
    replacement: 'if (sequence > 0) await unlink(path);',
  },
  noFileFlush: {
    name: 'bytes are not flushed',
    path: 'shared/files/durable-file.ts',
    snippet: 'await file.sync();',
    replacement: '',
  },
} satisfies Record<string, Mutation>;

/** Seen when system calls of the running programs fail. */
export const seenInErrno = {
  forgetUnkept: {
    name: 'the agent forgets a frame that the disk does not take',
    path: 'agent/spool/entry-keeper.ts',
    snippet: 'this.#memoryBytes += entry.body.length;\n      return true;',
    replacement: 'this.#memory.delete(sequence); return true;',
  },
  acknowledgeFailure: {
    name: 'the receiver acknowledges a frame that it could not store',
    path: 'receiver/connection/frame-intake.ts',
    snippet: 'const message = sentenceOf(error);',
    replacement:
      "const message = ''; this.#parts.send({ type: 'stored', sequence, name: '', duplicate: false });",
  },
} satisfies Record<string, Mutation>;

/** Seen when a flush fails and the power is cut in the model. */
export const seenInFailedFlushes = {
  ignoreFile: {
    name: 'a flush of bytes that failed is taken for one that did not',
    path: 'shared/files/durable-file.ts',
    snippet: 'await file.sync();',
    replacement: 'await file.sync().catch(() => undefined);',
  },
  ignoreFolder: {
    name: 'a flush of names that failed is taken for one that did not',
    path: 'shared/files/durable-file.ts',
    snippet: 'await handle.sync();',
    replacement: 'await handle.sync().catch(() => undefined);',
  },
  ignoreCaptures: {
    name: 'a flush of names in the captures directory that failed is taken for one that did not',
    path: 'receiver/store/folder.ts',
    snippet: 'this.#named(this.#handle.sync())',
    replacement: 'this.#handle.sync().catch(() => undefined)',
  },
} satisfies Record<string, Mutation>;
