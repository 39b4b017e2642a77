/**
 * The signed part of a record's line and its signature (docs/evidence.md). What follows the signature is the
 * receiver's, and may not repeat a key of the statement: a reader of the whole line takes the last one. Pure.
 */
import type { SignedStatement } from '../../../shared/protocol/statement.js';
import { isObject } from '../frame-entry.js';

const marker = ',"sig":"';
/** Keys of statements; the receiver adds none of them. */
const statementKeys = new Set([
  ...['frame', 'gap', 'report', 'camera', 'epoch', 'sequence', 'captured', 'offset', 'sha256'],
  ...['bytes', 'size', 'reason', 'ratio', 'boxes', 'event', 'changed', 'strength', 'count', 'from'],
  ...['to', 'why', 'sequences', 'state', 'compared', 'skipped', 'pause', 'waiting', 'dropped'],
  ...[
    'every',
    'stepped',
    'before',
    'ended',
    'deleted',
    'kept',
    'unkept',
    'summary',
    'late',
    'type',
  ],
]);

/** @returns undefined: the line has no signature; `altered`: what follows the signed part changes its meaning */
export function signedPartOf(line: string): SignedStatement | 'altered' | undefined {
  const at = line.indexOf(marker);
  if (at < 0) return /"sig"\s*:/.test(line) ? 'altered' : undefined;
  let added: unknown;
  try {
    added = JSON.parse(`{${line.slice(at + 1)}`);
  } catch {
    return 'altered';
  }
  if (!isObject(added) || typeof added.sig !== 'string') return 'altered';
  // The signature is the one after the signed part, not a later one.
  if (!line.startsWith(`${added.sig}"`, at + marker.length)) return 'altered';
  if (Object.keys(added).some((key) => statementKeys.has(key))) return 'altered';
  return { statement: `${line.slice(0, at)}}`, signature: added.sig };
}
