/**
 * `receiver notify` beside the pair under test, killed again and again: what it announces by a program and by a webhook
 * that fails at times, and an audit of it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Witness } from './fault-run.js';
import { Party } from './managed-process.js';

export interface Told {
  readonly notice: string;
  readonly id: string;
}

export interface NoticeWitnessSettings {
  /** Empty. */
  readonly directory: string;
  /** The built receiver. */
  readonly receiver: string;
  readonly random: () => number;
}

/** A notifier lives for up to so long. */
const lifeMs = 4000;
/** One in this many requests is refused by the webhook. */
const refusedEvery = 3;
const finishDeadlineMs = 90_000;

export class NoticeWitness implements Witness {
  readonly #settings: NoticeWitnessSettings;
  /** What the webhook took. */
  readonly taken: Told[] = [];
  readonly #over = new AbortController();
  kills = 0;
  #requests = 0;
  #isWell = false;
  #notifier: Party | undefined;
  #server: Server | undefined;
  #killing: Promise<void> = Promise.resolve();

  constructor(settings: NoticeWitnessSettings) {
    this.#settings = settings;
  }

  /** What the program was run for. */
  get said(): readonly Told[] {
    const lines = readFileSync(this.#saidPath, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => {
      const [notice = '', id = ''] = line.split(' ');
      return { notice, id };
    });
  }

  async start(capturesPath: string): Promise<void> {
    const { directory, receiver } = this.#settings;
    mkdirSync(directory, { recursive: true });
    const hook = join(directory, 'hook');
    // One write: lines of programs that run side by side stay whole.
    const script = `#!/bin/sh\necho "$PICCHANGED_NOTICE $PICCHANGED_ID" >> ${this.#saidPath}\n`;
    writeFileSync(hook, script, { mode: 0o755 });
    writeFileSync(this.#saidPath, '');
    const command = JSON.stringify([hook]);
    const flags = ['event', 'end', 'silent', 'back', 'problem', 'resolved'];
    this.#notifier = new Party({
      command: [
        ...[process.execPath, receiver, 'notify', '--dir', capturesPath],
        ...['--state', join(directory, 'state'), '--notify', await this.#listen()],
        ...flags.flatMap((flag) => [`--on-${flag}`, command]),
        ...['--cooldown', '0s', '--silent-after', '10s', '--late-after', '10s', '--low-disk', '0'],
      ],
      ...{ ready: 'announcing', logPath: join(directory, 'notify.log'), env: {} },
      onLine: () => undefined,
    });
    await this.#notifier.start();
    this.#killing = this.#killAgainAndAgain(this.#notifier);
  }

  async finish(): Promise<readonly string[]> {
    this.#over.abort();
    await this.#killing;
    this.#isWell = true;
    // The camera is silent then, and each event has ended.
    const deadlineMs = performance.now() + finishDeadlineMs;
    const isDone = (): boolean =>
      isSilent(this.taken) && isSilent(this.said) && openEvents(this.taken).length === 0;
    while (!isDone() && performance.now() < deadlineMs) await delay(200);
    const crashes = this.#notifier?.crashes ?? [];
    await this.#notifier?.end('SIGTERM');
    return [...crashes, ...auditNotices({ taken: this.taken, said: this.said, kills: this.kills })];
  }

  async close(): Promise<void> {
    this.#over.abort();
    await this.#killing.catch(() => undefined);
    await this.#notifier?.end('SIGKILL');
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  async #killAgainAndAgain(notifier: Party): Promise<void> {
    const { random } = this.#settings;
    const { signal } = this.#over;
    const isOver = (): boolean => signal.aborted;
    for (;;) {
      await delay(500 + random() * lifeMs, undefined, { signal }).catch(() => undefined);
      if (isOver()) return;
      const isKill = random() < 0.7;
      if (isKill) this.kills += 1;
      await notifier.end(isKill ? 'SIGKILL' : 'SIGTERM');
      await notifier.start();
    }
  }

  get #saidPath(): string {
    return join(this.#settings.directory, 'said');
  }

  async #listen(): Promise<string> {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString('latin1')));
      request.on('end', () => {
        this.#requests += 1;
        const isRefused = !this.#isWell && this.#requests % refusedEvery === 0;
        if (!isRefused) {
          const { notice, id } = JSON.parse(body) as Told;
          this.taken.push({ notice, id });
        }
        response.writeHead(isRefused ? 500 : 204).end();
      });
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }
}

const isBegin = ({ notice }: Told): boolean => notice.endsWith('-begin');
const isEnd = ({ notice }: Told): boolean => notice.endsWith('-end');

function isSilent(all: readonly Told[]): boolean {
  return all.findLast(({ notice }) => notice.startsWith('silence'))?.notice === 'silence-begin';
}

/** Events whose last notice is no end. */
function openEvents(all: readonly Told[]): string[] {
  const last = new Map(all.map((told) => [told.id, told]));
  return [...last.values()]
    .filter((told) => told.notice.startsWith('event') && !isEnd(told))
    .map(({ id }) => id);
}

export interface NoticeBooks {
  readonly taken: readonly Told[];
  readonly said: readonly Told[];
  /** SIGKILLs of the notifier: each may cost a program one run, and send one push twice. */
  readonly kills: number;
}

/** @returns a sentence for each broken promise. Pure. */
export function auditNotices({ taken, said, kills }: NoticeBooks): string[] {
  const broken: string[] = [];
  const countOf = (all: readonly Told[], { notice, id }: Told): number =>
    all.filter((each) => each.notice === notice && each.id === id).length;
  for (const told of new Set(said.map(({ notice, id }) => `${notice} ${id}`))) {
    const [notice = '', id = ''] = told.split(' ');
    if (countOf(said, { notice, id }) > 1) broken.push(`a program ran twice for ${told}`);
  }
  // With one hand a push is sent again after a kill; it may not come after its end.
  const ended = new Set<string>();
  let again = 0;
  for (const [at, told] of taken.entries()) {
    const isRepeated = taken.slice(0, at).some((each) => isSame(each, told));
    if (isRepeated && !told.notice.endsWith('-update')) again += 1;
    if (!isEnd(told) && ended.has(told.id)) broken.push(`${told.notice} ${told.id} after its end`);
    if (isEnd(told)) ended.add(told.id);
  }
  if (again > kills) broken.push(`${again} pushes were sent again, after ${kills} kills`);
  for (const id of openEvents(taken)) broken.push(`the event ${id} was not ended`);
  const begun = said.filter(isBegin).filter(({ notice }) => notice.startsWith('event'));
  const open = begun.filter(({ id }) => !said.some((told) => told.id === id && isEnd(told)));
  if (open.length > kills) {
    broken.push(`${open.length} events without a program for their end, after ${kills} kills`);
  }
  return broken;
}

const isSame = (one: Told, other: Told): boolean =>
  one.notice === other.notice && one.id === other.id;
