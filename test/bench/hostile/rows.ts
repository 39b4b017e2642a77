/** Which attacks are measured, by whom, and by how many. Pure. */
import type { Role, Row } from './measure.js';

/** Sixteen come from one address, which is all that may from one; more come from one each. */
function rows(role: Role, attack: string, counts: readonly number[]): Row[] {
  return counts.map((attackers) => ({
    ...{ role, attack, attackers },
    addresses: attackers > 16 ? attackers : 1,
  }));
}

export const allRows: readonly Row[] = [
  ...rows('open', 'wrong hash, 32 B', [1, 16, 48]),
  ...rows('open', 'wrong hash, 60 kB', [1, 16, 48]),
  ...rows('open', 'no JPEG, 2 kB', [1, 48]),
  ...rows('open', 'over quota', [1, 16]),
  ...rows('open', 'holes', [1, 48]),
  ...rows('open', 'holes with 256 ranges', [16]),
  ...rows('open', 'reports with 64 ended events', [1, 48]),
  ...rows('open', 'pings', [16]),
  ...rows('open', 'unknown types', [16]),
  ...rows('open', 'one frame again and again', [1, 48]),
  ...rows('open', 'one time, other sequences', [1]),
  ...rows('open', 'raw garbage', [16]),
  ...rows('open', 'raw JPEGs', [1, 16]),
  ...rows('open', 'hellos, new names', [1, 16, 48]),
  ...rows('open', 'hellos, one name', [16]),
  ...rows('open', 'frames before hello', [16]),
  ...rows('closed', 'HTTP', [48]),
  ...rows('closed', 'connects and leaves', [48]),
  ...rows('closed', 'hellos, new names', [48]),
  ...rows('closed', 'half handshakes', [16, 48]),
  ...rows('closed', 'ClientHello, unknown identity', [1, 16, 48]),
  ...rows('closed', 'ClientHello, wrong key', [1, 16, 48]),
  ...rows('closed', 'ClientHello, no identity', [48]),
  ...rows('closed', 'ClientHello, 40-byte records', [48]),
  ...rows('closed', 'ClientHello, 60 kB of padding', [48]),
  ...rows('closed', 'ClientHello, most identities', [1, 16, 48]),
  ...rows('closed', 'ClientHello, most of a camera', [16]),
  ...rows('closed', 'ClientHello, most, codes wait', [1, 16]),
  ...rows('paired', 'wrong hash, 32 B', [1]),
  ...rows('paired', 'wrong hash, 60 kB', [1]),
  ...rows('paired', 'no JPEG, 2 kB', [1]),
  ...rows('paired', 'over quota', [1]),
  ...rows('paired', 'holes', [1]),
  ...rows('paired', 'holes with 256 ranges', [1]),
  ...rows('paired', 'reports with 64 ended events', [1]),
  ...rows('paired', 'pings', [1]),
  ...rows('paired', 'one frame again and again', [1]),
  ...rows('paired', 'one time, other sequences', [1]),
  ...rows('paired', 'hellos, one name', [1, 16]),
];
