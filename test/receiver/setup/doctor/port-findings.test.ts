/** What the doctor says of a port on which no program listens. */
import { describe, expect, it } from 'vitest';
import { ProxyNetworks } from '../../../../receiver/listen/proxy-networks.js';
import { portFindings } from '../../../../receiver/setup/doctor/port-findings.js';
import { freePort } from '../../../support/ports.js';

const absent = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOENT' }));

describe('a port on which no program listens', () => {
  it.each([
    [true, 'warning', /receiver doctor --listen PORT; to start one: receiver --dir s3:\/\/b$/],
    [false, 'fault', /^receiver --dir s3:\/\/b$/],
  ])('that is a guess (%s) is a %s', async (isGuess, level, todo) => {
    const facts = {
      ...{ start: 'receiver --dir s3://b', isGuess, isOfSystemd: false, failedSocket: undefined },
      proxies: new ProxyNetworks([]),
    };
    const listen = { address: '127.0.0.1', port: await freePort() };
    const [port] = await portFindings(listen, absent, facts);
    expect(port).toMatchObject({ check: 'port', level });
    expect(port?.todo).toMatch(todo);
  });
});
