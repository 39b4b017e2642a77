/** Checks the statements and signatures that come with entries. A flaw never refuses an entry: it is recorded. */
import type { KeyObject } from 'node:crypto';
import {
  type EntryId,
  isAboutFrame,
  isAboutGap,
  isAboutReport,
  isSignedBy,
} from '../../shared/protocol/statement.js';
import type {
  DroppedMessage,
  FrameMessage,
  ReportMessage,
} from '../../shared/protocol/messages.js';
import type { Signer } from '../access/peer.js';
import type { Evidence } from '../store/record-line.js';

/** @param id the entry's, from hello and header */
export function evidenceOf(
  message: FrameMessage | DroppedMessage | ReportMessage,
  id: EntryId,
  { key, flaw }: Signer,
): Evidence {
  const { statement, signature } = message;
  if (key === undefined) return { signed: undefined, flaw };
  if (statement === undefined || signature === undefined) {
    return { signed: undefined, flaw: 'not-signed' };
  }
  if (!isAbout(statement, id, message)) return { signed: undefined, flaw: 'wrong-statement' };
  const signed = { statement, signature };
  return { signed, flaw: isRight(signed, key) ? flaw : 'wrong-signature' };
}

function isAbout(
  statement: string,
  id: EntryId,
  message: FrameMessage | DroppedMessage | ReportMessage,
): boolean {
  if (message.type === 'frame') return isAboutFrame(statement, id, message);
  if (message.type === 'dropped') return isAboutGap(statement, id, message);
  return isAboutReport(statement, id, message);
}

function isRight(signed: { statement: string; signature: string }, key: KeyObject): boolean {
  try {
    return isSignedBy(signed, key);
  } catch {
    return false;
  }
}
