/**
 * Answers a camera's demand for a password, in HTTP and RTSP: Basic (RFC 7617) and Digest (RFC 7616, MD5 and SHA-256,
 * qop=auth). Pure.
 */
import { createHash } from 'node:crypto';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export interface Demand {
  readonly method: string;
  /** Path and query of the request. */
  readonly target: string;
  /** All `WWW-Authenticate` headers, joined by commas. */
  readonly header: string;
  /** A random text of this client. */
  readonly cnonce: string;
}

/** @returns the `Authorization` header; undefined: the camera demands something else */
export function answerDemand(
  { user, password }: Credentials,
  { method, target, header, cnonce }: Demand,
): string | undefined {
  const digest = challenges(header).find(
    ({ scheme, fields }) => scheme === 'digest' && hashName(fields.get('algorithm')) !== undefined,
  );
  if (digest !== undefined) {
    const { fields } = digest;
    const name = hashName(fields.get('algorithm')) ?? 'md5';
    const hash = (text: string): string => createHash(name).update(text).digest('hex');
    const [realm, nonce] = [fields.get('realm') ?? '', fields.get('nonce') ?? ''];
    const hasQop = /(?:^|,)\s*auth\s*(?:,|$)/i.test(fields.get('qop') ?? '');
    const count = '00000001';
    const secret = hash(`${user}:${realm}:${password}`);
    const request = hash(`${method}:${target}`);
    const middle = hasQop ? `${nonce}:${count}:${cnonce}:auth` : nonce;
    const parts = [
      ...[`username=${quoted(user)}`, `realm=${quoted(realm)}`, `nonce=${quoted(nonce)}`],
      ...[`uri=${quoted(target)}`, `response="${hash(`${secret}:${middle}:${request}`)}"`],
    ];
    const algorithm = fields.get('algorithm');
    if (algorithm !== undefined) parts.push(`algorithm=${algorithm}`);
    const opaque = fields.get('opaque');
    if (opaque !== undefined) parts.push(`opaque=${quoted(opaque)}`);
    if (hasQop) parts.push('qop=auth', `nc=${count}`, `cnonce="${cnonce}"`);
    return `Digest ${parts.join(', ')}`;
  }
  if (!challenges(header).some(({ scheme }) => scheme === 'basic')) return undefined;
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

interface Challenge {
  readonly scheme: string;
  /** By name, in lower case. */
  readonly fields: Map<string, string>;
}

/** A scheme is a word that no `=` follows. */
function challenges(header: string): readonly Challenge[] {
  const found: Challenge[] = [];
  const token = /([A-Za-z0-9_-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/g;
  for (const [, name = '', text, word] of header.matchAll(token)) {
    const given = text?.replaceAll(/\\(.)/g, '$1') ?? word;
    if (given === undefined) found.push({ scheme: name.toLowerCase(), fields: new Map() });
    else found.at(-1)?.fields.set(name.toLowerCase(), given);
  }
  return found;
}

/** @returns undefined: this program does not know the algorithm */
function hashName(algorithm = 'MD5'): 'md5' | 'sha256' | undefined {
  const names = { md5: 'md5', 'sha-256': 'sha256' } as const;
  const key = algorithm.toLowerCase();
  return key === 'md5' || key === 'sha-256' ? names[key] : undefined;
}

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
