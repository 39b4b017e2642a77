import { describe, expect, it } from 'vitest';
import { intervalAt, longestIntervalMs } from '../../../agent/watch/pace.js';

describe('the interval of a watch', () => {
  it.each([
    ['shots', undefined, 1000],
    ['stream', undefined, 0],
    ['files', undefined, 0],
    ['shots', 30_000, 30_000],
    ['stream', 30_000, 30_000],
    ['files', 30_000, 0],
  ] as const)('of %s, with --interval %s, is %i ms', (pace, given, expected) => {
    expect(intervalAt(pace, given)).toBe(expected);
  });

  it('of a camera over HTTP is that of shots, until its first answer', () => {
    const http = { kind: 'http', address: 'http://camera/' } as const;
    const rtsp = { kind: 'rtsp', address: 'rtsp://camera/' } as const;
    expect(longestIntervalMs({ source: http, interval: undefined })).toBe(1000);
    expect(longestIntervalMs({ source: rtsp, interval: undefined })).toBe(0);
    expect(longestIntervalMs({ source: rtsp, interval: 5000 })).toBe(5000);
  });
});
