/** A thread of `receiver verify`: checks batches of entries, one after the other, and answers in their order. */
import { parentPort } from 'node:worker_threads';
import { type EntryBatch, checkEntries } from './entry-check.js';

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker of receiver verify');
// An error ends the thread, and with it the verification.
port.on('message', (batch: EntryBatch) => port.postMessage(checkEntries(batch)));
