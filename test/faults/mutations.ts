/** The mistakes that the suite must detect, each as one replaced snippet of one source. */
import type { Mutation } from './mutants.js';

/** Detected by faults of the pair. */
export const seenInFaults = {
  deleteBeforeAcknowledge: {
    name: 'the agent deletes a frame when it is sent, not when it is acknowledged',
    path: 'agent/uplink/link.ts',
    snippet: 'this.#inFlight.set(sequence, header.type);',
    replacement:
      'this.#inFlight.set(sequence, header.type); void this.#parts.spool.acknowledge(sequence);',
  },
  noDuplicateCheck: {
    name: 'the receiver does not recognize a repeated frame',
    path: 'receiver/store/frame-copy.ts',
    snippet: 'return found.equals(bytes);',
    replacement: 'return found.equals(Buffer.alloc(0));',
  },
  renameOver: {
    name: 'the receiver renames over a name that is taken',
    path: 'receiver/store/publish.ts',
    snippet: 'temporary.folder.link(temporary.name, final.folder, final.name);',
    replacement: 'renameOver(temporary, final); return true;',
  },
  noSum: {
    name: 'the receiver does not check the SHA-256',
    path: 'receiver/connection/frame-intake.ts',
    snippet: '(await sha256Of(jpeg, tab)) !== message.sha256',
    replacement: "(await sha256Of(jpeg, tab)) === ''",
  },
} satisfies Record<string, Mutation>;

/** Detected when receivers refuse frames, and when the agent's disk is unmounted for a while. */
export const seenInRefusals = {
  cutUncounted: {
    name: 'the agent drops frames from rejected/ without a gap entry',
    path: 'agent/spool/frame-drops.ts',
    snippet: "await this.countDropped(refused, 'refused');",
    replacement: '',
  },
  miscounted: {
    name: 'the count of a gap entry exceeds its sequences',
    path: 'agent/spool/gap-entries.ts',
    snippet: 'count: countIn(sequences),',
    replacement: 'count: countIn(sequences) + 100,',
  },
  tooLargeForGood: {
    name: 'the agent sets aside frames that are too large for the receiver',
    path: 'agent/uplink/link.ts',
    snippet: 'if (skipped.isTooLarge(sequence, body.length)) {',
    replacement:
      "if (skipped.isTooLarge(sequence, body.length)) { await spool.reject(sequence, 'large');",
  },
  unreadableForGood: {
    name: 'the agent treats any failure to read an entry as final',
    path: 'agent/spool/queue-spool.ts',
    snippet: "error instanceof OperationalError && error.code === 'FRAME'",
    replacement: 'error instanceof OperationalError',
  },
} satisfies Record<string, Mutation>;

/** Detected by faults of a paired agent and receiver. */
export const seenOverTls = {
  fallBack: {
    name: 'the agent sends data in the clear when TLS has failed',
    path: 'agent/uplink/uplink.ts',
    snippet: 'const identity = key && {',
    replacement: 'const identity = key && this.#errors.failures === 0 && {',
  },
} satisfies Record<string, Mutation>;

/** Detected by power cuts in the model. */
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
    snippet: 'this.#run(this.#handle.flush())',
    replacement: 'Promise.resolve()',
  },
  forgetSequence: {
    name: 'no tombstone of the newest frame is left when it is acknowledged',
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
  noFrameFlush: {
    name: 'bytes in the captures directory are not flushed',
    path: 'receiver/store/folder.ts',
    snippet: 'await flushFile(fd);',
    replacement: '',
  },
} satisfies Record<string, Mutation>;

/** Detected by power cuts in the middle of prune, erase and keep. */
export const seenInArchiveCuts = {
  noNoteFlush: {
    name: 'lines of a deletion, or of what is kept, are not flushed',
    path: 'receiver/archive/note-appender.ts',
    snippet: 'await file.sync();',
    replacement: '',
  },
  noRemovalFlush: {
    name: 'the removal of files is not flushed',
    path: 'receiver/archive/retention/delete-frames.ts',
    snippet: 'await folder.sync();\n  return { frames: gone, recordBytes };',
    replacement: 'return { frames: gone, recordBytes };',
  },
  noErasureFlush: {
    name: 'the line of an erasure is not flushed',
    path: 'receiver/archive/erase.ts',
    snippet: 'await file.sync();',
    replacement: '',
  },
  noCompactFlush: {
    name: 'a record that was written anew is not flushed before it has its name',
    path: 'receiver/archive/compact-record.ts',
    snippet: 'let [copied, seen] = [start, start];\n  await to.sync();',
    replacement: 'let [copied, seen] = [start, start];',
  },
} satisfies Record<string, Mutation>;

/** Detected by failing system calls of the running programs. */
export const seenInErrno = {
  forgetUnkept: {
    name: 'the agent drops a frame that the disk does not accept',
    path: 'agent/spool/entry-keeper.ts',
    snippet: "this.#memoryBytes += entry.body.length;\n      return 'memory';",
    replacement: "this.#memory.delete(sequence); return 'memory';",
  },
  acknowledgeFailure: {
    name: 'the receiver acknowledges a frame that it could not store',
    path: 'receiver/connection/frame-intake.ts',
    snippet: 'const message = sentenceOf(error);',
    replacement:
      "const message = ''; this.#parts.send({ type: 'stored', sequence, name: '', duplicate: false });",
  },
} satisfies Record<string, Mutation>;

/** Detected by a failed flush and a power cut in the model. */
export const seenInFailedFlushes = {
  ignoreFile: {
    name: 'a failed flush of bytes is ignored',
    path: 'shared/files/durable-file.ts',
    snippet: 'await file.sync();',
    replacement: 'await file.sync().catch(() => undefined);',
  },
  ignoreFolder: {
    name: 'a failed flush of names is ignored',
    path: 'shared/files/durable-file.ts',
    snippet: 'await handle.sync();',
    replacement: 'await handle.sync().catch(() => undefined);',
  },
  ignoreFrame: {
    name: 'a failed flush of bytes in the captures directory is ignored',
    path: 'receiver/store/folder.ts',
    snippet: 'await flushFile(fd);',
    replacement: 'await flushFile(fd).catch(() => undefined);',
  },
  ignoreCaptures: {
    name: 'a failed flush of names in the captures directory is ignored',
    path: 'receiver/store/folder.ts',
    snippet: 'this.#run(this.#handle.flush())',
    replacement: 'this.#handle.flush().catch(() => undefined)',
  },
} satisfies Record<string, Mutation>;
