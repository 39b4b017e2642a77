/** Where install keeps the user and the password of an IP camera. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type LoginRequest, cameraLogin } from '../../../../agent/setup/install/camera-login.js';
import { temporaryDirectory } from '../../../support/temporary.js';

const path = '/state/camera-credentials';
const login = (given: Record<string, string | undefined>, more: Partial<LoginRequest> = {}) =>
  cameraLogin({
    ...{ given, installed: {}, isCamera: true, state: '/state', owner: 'picchanged' },
    ...more,
  });
const installed = { AGENT_SOURCE: 'rtsp://cam/a', AGENT_SOURCE_CREDENTIALS: path };

describe('cameraLogin', () => {
  it('takes user and password out of the address', async () => {
    const given = { AGENT_SOURCE: 'rtsp://admin:p%40ss@cam/yard?channel=1' };
    expect(await login(given)).toEqual({
      changes: { AGENT_SOURCE: 'rtsp://cam/yard?channel=1', AGENT_SOURCE_CREDENTIALS: path },
      secret: { path, text: 'admin:p@ss\n', owner: 'picchanged' },
      notes: [],
    });
  });

  it('takes them out of settings that were edited by hand', async () => {
    const edited = { AGENT_SOURCE: 'http://admin:pass@cam/yard' };
    const { changes, secret } = await login({}, { installed: edited });
    expect(changes.AGENT_SOURCE).toBe('http://cam/yard');
    expect(secret?.text).toBe('admin:pass\n');
  });

  it('copies the file that it is given, and says so', async () => {
    const file = join(temporaryDirectory(), 'camera');
    writeFileSync(file, 'admin:a:b\n', { mode: 0o600 });
    const given = { AGENT_SOURCE: 'http://cam/s.jpg', AGENT_SOURCE_CREDENTIALS: file };
    const { changes, secret, notes } = await login(given);
    expect(changes.AGENT_SOURCE_CREDENTIALS).toBe(path);
    expect(secret?.text).toBe('admin:a:b\n');
    expect(notes[0]).toContain(`a copy of ${file}`);
  });

  it('keeps them for another path of the same camera', async () => {
    const given = { AGENT_SOURCE: 'rtsp://cam/b' };
    expect(await login(given, { installed })).toEqual({
      ...{ changes: given, secret: undefined, notes: [] },
    });
    expect((await login({}, { installed })).secret).toBeUndefined();
  });

  it('does not give them to another camera', async () => {
    const { changes, secret, notes } = await login(
      { AGENT_SOURCE: 'rtsp://other/a' },
      { installed },
    );
    expect(changes).toHaveProperty('AGENT_SOURCE_CREDENTIALS', undefined);
    expect(secret?.text).toBeUndefined();
    expect(secret?.path).toBe(path);
    expect(notes[0]).toContain('not given to other');
  });

  it('removes them when they are taken back, and with another source', async () => {
    const given = { AGENT_SOURCE_CREDENTIALS: undefined };
    expect((await login(given, { installed })).secret).toMatchObject({ path, text: undefined });
    const none = await login({}, { installed, isCamera: false });
    expect(none).toMatchObject({ changes: {}, secret: { path, text: undefined } });
  });

  it('refuses what its file cannot hold', async () => {
    await expect(login({ AGENT_SOURCE: 'rtsp://a%3Ab:c@cam/' })).rejects.toMatchObject({
      code: 'USAGE',
    });
    await expect(login({ AGENT_SOURCE: 'rtsp://a:c%0Ad@cam/' })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });
});
