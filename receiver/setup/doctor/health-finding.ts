/** Asks a running receiver for its health, as the load balancer in front of it does. */
import { get } from 'node:http';
import { type ListenAddress, formatAddress } from '../../../shared/cli/address.js';
import { describeError } from '../../../shared/cli/errors.js';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';

/** A trial of the store may take some seconds. */
const answerLimitMs = 10_000;
const seeLog = "sudo journalctl -n 20 -u 'surveillance*'";

/** @param listen of `--health` */
export async function healthFinding({ address, port }: ListenAddress): Promise<Finding> {
  const isAny = address === undefined || /^(?:0\.0\.0\.0|::)$/.test(address);
  const host = isAny ? '127.0.0.1' : address;
  const url = `http://${formatAddress(host, port)}/health`;
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(answerLimitMs);
    const request = get(url, { agent: false, signal }, (response) => {
      response.resume();
      response.once('error', () => undefined); // it has answered
      const { statusCode = 0 } = response;
      const isGood = statusCode === 200;
      const words = isGood ? 'the receiver takes frames' : 'the receiver takes no frames';
      const text = `${url} answers ${statusCode}: ${words}`;
      resolve(finding('health', isGood ? 'ok' : 'fault', text, isGood ? undefined : seeLog));
    });
    request.once('error', (error) => {
      const why = signal.aborted ? `none within ${answerLimitMs / 1000} s` : describeError(error);
      resolve(finding('health', 'fault', `${url} gives no answer: ${why}`, seeLog));
    });
  });
}
