/** A webhook on loopback of a lab, which takes every notice. */
import { readFileSync } from 'node:fs';
import type { Lab } from './lab.js';
import { writeInLab } from './shipped.js';

export const webhookAddress = 'http://127.0.0.1:9099/hook';
const program = `
const fs = require('node:fs');
require('node:http').createServer((request, response) => {
  let body = '';
  request.on('data', (piece) => (body += piece));
  request.on('end', () => {
    fs.appendFileSync('/run/taken', body + require('node:os').EOL);
    response.end();
  });
}).listen(9099, '127.0.0.1');`;

export interface TakenNotice {
  readonly notice: string;
  readonly frame?: { readonly path: string };
  /** In base64. */
  readonly picture?: string;
}

/** @returns reads what it has taken, the oldest first */
export async function startLabWebhook(lab: Lab): Promise<() => TakenNotice[]> {
  await lab.must('ip', 'link', 'set', 'lo', 'up');
  writeInLab(lab, '/run/taken', '');
  writeInLab(lab, '/opt/webhook.cjs', program);
  await lab.must('systemd-run', '--unit', 'webhook', 'node', '/opt/webhook.cjs');
  return () => {
    // The last piece is empty, or a line that is being written.
    const lines = readFileSync(lab.path('/run/taken'), 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as TakenNotice);
  };
}
