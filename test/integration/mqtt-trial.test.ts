/** `receiver notify --test` with a real Mosquitto: what it finds before anything is published. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startBroker, whyNoBroker } from '../support/mosquitto.js';
import { root, run } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

describe.skipIf(whyNoBroker !== undefined)(`receiver notify --test ${whyNoBroker ?? ''}`, () => {
  const test = (...ways: string[]) =>
    run(process.execPath, [
      `${root}dist/receiver.js`,
      ...['notify', '--dir', temporaryDirectory(), '--test', ...ways],
    ]);

  it('tries the broker: name, password, and what may be published', async () => {
    const broker = await startBroker();
    const given = ['--mqtt', broker.url];
    const taken = await test(...given, '--mqtt-password-file', broker.passwordFile);
    expect(taken).toMatchObject({ code: 0 });
    expect(taken.stdout).toBe(`ok     MQTT broker at 127.0.0.1:${broker.port}\n`);
    expect((await test(...given)).stdout).toMatch(/^fault .*refuses the user or the password/);
    const missing = await test(...given, '--mqtt-password-file', '/nonexistent/password');
    expect(missing).toMatchObject({ code: 2 });
    expect(missing.stderr).toContain('cannot read --mqtt-password-file /nonexistent/password');
    await broker.stop();
    expect((await test(...given)).stdout).toMatch(/^fault .*does not answer: .*ECONNREFUSED/);
  });

  it('finds that the broker lets its user not publish what Home Assistant reads', async () => {
    const broker = await startBroker({
      acl: ['topic write picchanged/#', 'topic read homeassistant/status'],
    });
    const refused = await test('--mqtt', broker.url, '--mqtt-password-file', broker.passwordFile);
    expect(refused.stdout).toMatch(
      /^fault .*refuses homeassistant\/device\/picchanged_test\/config: .*Not authorized/,
    );
  });

  it('speaks TLS, and takes only a certificate that it can check', async () => {
    const folder = temporaryDirectory();
    const at = (name: string) => join(folder, name);
    const certificate = ['-newkey', 'rsa:2048', '-nodes', '-x509', '-subj', '/CN=broker'];
    const names = ['-addext', 'subjectAltName=IP:127.0.0.1'];
    const files = ['-keyout', at('key'), '-out', at('certificate')];
    expect((await run('openssl', ['req', ...certificate, ...names, ...files])).code).toBe(0);
    const broker = await startBroker({
      lines: [`certfile ${at('certificate')}`, `keyfile ${at('key')}`],
    });
    const given = [
      ...['--mqtt', broker.url.replace('mqtt:', 'mqtts:')],
      ...['--mqtt-password-file', broker.passwordFile],
    ];
    expect((await test(...given)).stdout).toMatch(/^fault .*self-signed certificate/);
    expect((await test(...given, '--mqtt-ca-file', at('certificate'))).stdout).toMatch(/^ok /);
  });
});
