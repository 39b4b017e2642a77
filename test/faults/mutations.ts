/** The mistakes that the suite must notice, each as one snippet that is wrong in one source. */
import type { Mutation } from './mutants.js';

/** Seen when the pair goes through faults. */
export const seenInFaults = {
  deleteBeforeAcknowledge: {
    name: 'the agent forgets a frame when it is sent, not when it is acknowledged',
    path: 'agent/uplink/link.ts',
    snippet: 'this.#inFlight.add(sequence);',
    replacement: 'this.#inFlight.add(sequence); void this.#parts.spool.acknowledge(sequence);',
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
    path: 'receiver/frame-taker.ts',
    snippet: "createHash('sha256').update(jpeg).digest('hex') !== message.sha256",
    replacement: "createHash('sha256').update(jpeg).digest('hex') === ''",
  },
} satisfies Record<string, Mutation>;

/** Seen when a pair that knows each other goes through faults. */
export const seenOverTls = {
  fallBack: {
    name: 'the agent speaks in the clear when TLS has failed',
    path: 'agent/uplink/uplink.ts',
    snippet: 'const identity = key && {',
    replacement: 'const identity = key && this.#trouble.failures === 0 && {',
  },
} satisfies Record<string, Mutation>;

/** Seen when the power is cut in the model. */
export const seenInPowerCuts = {
  acknowledgeFirst: {
    name: 'the receiver acknowledges before the frame is on the disk',
    path: 'receiver/frame-taker.ts',
    snippet: 'const stored = await work();',
    replacement:
      "this.#parts.send({ type: 'stored', sequence, name: '', duplicate: false }); const stored = await work();",
  },
  noDirectoryFlush: {
    name: 'names are not flushed',
    path: 'shared/durable-file.ts',
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
    path: 'agent/spool/folder-shelf.ts',
    snippet: 'if (!isNewest) {',
    replacement: 'if (sequence > 0) {',
  },
  noFileFlush: {
    name: 'bytes are not flushed',
    path: 'shared/durable-file.ts',
    snippet: 'await file.sync();',
    replacement: '',
  },
} satisfies Record<string, Mutation>;

/** Seen when system calls of the running programs fail. */
export const seenInErrno = {
  forgetUnkept: {
    name: 'the agent forgets a frame that the disk does not take',
    path: 'agent/spool/queue-spool.ts',
    snippet: 'this.#inMemory.set(sequence, prepared.entry);',
    replacement: 'return;',
  },
  acknowledgeFailure: {
    name: 'the receiver acknowledges a frame that it could not store',
    path: 'receiver/frame-taker.ts',
    snippet: 'const message = sentenceOf(error);',
    replacement:
      "const message = ''; this.#parts.send({ type: 'stored', sequence, name: '', duplicate: false });",
  },
} satisfies Record<string, Mutation>;

/** Seen when a flush fails and the power is cut in the model. */
export const seenInFailedFlushes = {
  ignoreFile: {
    name: 'a flush of bytes that failed is taken for one that did not',
    path: 'shared/durable-file.ts',
    snippet: 'await file.sync();',
    replacement: 'await file.sync().catch(() => undefined);',
  },
  ignoreFolder: {
    name: 'a flush of names that failed is taken for one that did not',
    path: 'shared/durable-file.ts',
    snippet: 'await handle.sync();',
    replacement: 'await handle.sync().catch(() => undefined);',
  },
} satisfies Record<string, Mutation>;
