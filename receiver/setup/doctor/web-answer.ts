/** Asks the installed viewer for its page, as a browser of this machine does. */
import { get } from 'node:http';
import { listenAddress } from '../../../shared/cli/address.js';
import { describeError } from '../../../shared/cli/errors.js';
import type { UnitState } from '../../../shared/setup/doctor/unit-state.js';
import { webSocket } from '../units.js';

export interface WebAnswer {
  /** `http://localhost:8080/` */
  readonly address: string;
  /** Undefined: the page came. */
  readonly failure: string | undefined;
}

/** A viewer that systemd starts for this request needs a moment. */
const answerLimitMs = 15_000;

/** @returns undefined: no viewer is installed, or its socket does not listen */
export async function askViewer(units: readonly UnitState[]): Promise<WebAnswer | undefined> {
  const [listen] = units.find(({ name }) => name === webSocket)?.listen ?? [];
  if (listen === undefined) return undefined;
  const { address = '127.0.0.1', port } = listenAddress.parse(listen);
  const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
  const isOwn = host === '127.0.0.1' || host === '::1';
  const name = isOwn ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return { address: `http://${name}:${port}/`, failure: await failureOf(host, port) };
}

function failureOf(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(answerLimitMs);
    const request = get({ host, port, path: '/', agent: false, signal }, (response) => {
      response.resume();
      response.once('error', () => undefined); // it has answered
      const { statusCode = 0 } = response;
      resolve(statusCode === 200 ? undefined : `it answers with status ${statusCode}`);
    });
    request.once('error', (error) => {
      const isLate = signal.aborted;
      resolve(isLate ? `no answer within ${answerLimitMs / 1000} s` : describeError(error));
    });
  });
}
