/** Which sockets were passed to this process. Real ones: test/integration/socket-activation.test.ts. */
import { openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { connectionOn, passedSockets } from '../../../receiver/listen/passed-sockets.js';

describe('passed sockets', () => {
  it('are counted from fd 3 on, with their names', () => {
    const env = { LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'cameras:web' };
    expect(passedSockets(env, 7)).toEqual([
      { fd: 3, name: 'cameras' },
      { fd: 4, name: 'web' },
    ]);
  });

  it('are called unknown when the manager names none', () => {
    expect(passedSockets({ LISTEN_PID: '7', LISTEN_FDS: '1' }, 7)).toEqual([
      { fd: 3, name: 'unknown' },
    ]);
  });

  it.each([
    ['another process', { LISTEN_PID: '8', LISTEN_FDS: '1' }],
    ['nobody', {}],
    ['us, but none', { LISTEN_PID: '7', LISTEN_FDS: '0' }],
    ['us, but nonsense', { LISTEN_PID: '7', LISTEN_FDS: '-1' }],
    ['us, but a number beyond all sense', { LISTEN_PID: '7', LISTEN_FDS: '99999999' }],
  ])('are none when they are meant for %s', (_, env) => {
    expect(passedSockets(env, 7)).toEqual([]);
  });
});

describe('a connection on a file descriptor', () => {
  it('is none when it is a file', () => {
    expect(connectionOn(openSync('/dev/null', 'r'))).toBeUndefined();
  });

  it('is none when it is closed', () => {
    expect(connectionOn(1_000_000)).toBeUndefined();
  });
});
