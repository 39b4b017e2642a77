/** Log lines on a terminal and in the journal. */
import { describe, expect, it } from 'vitest';
import { OperationalError } from '../../../shared/cli/errors.js';
import { type Log, type LogSettings, isJournal, makeLog } from '../../../shared/cli/log.js';

function makeTestLog(settings: Partial<LogSettings> = {}): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const log = makeLog({
    component: 'agent',
    verbose: false,
    journal: true,
    write: (line) => lines.push(line),
    nowMs: () => Date.UTC(2026, 10, 22, 8, 30, 15, 123),
    ...settings,
  });
  return { log, lines };
}

describe('a log', () => {
  it('begins lines with time and level on a terminal', () => {
    const { log, lines } = makeTestLog({ journal: false });
    log.info('connected', { host: 'laptop:4444' });
    log.error('lost');
    expect(lines).toEqual([
      '2026-11-22T08:30:15.123Z info  agent: connected host=laptop:4444\n',
      '2026-11-22T08:30:15.123Z error agent: lost\n',
    ]);
  });

  it('begins lines with the priority, and no time, for the journal', () => {
    const { log, lines } = makeTestLog({ verbose: true });
    log.error('a');
    log.warn('b');
    log.info('c');
    log.debug('d');
    expect(lines).toEqual(['<3>agent: a\n', '<4>agent: b\n', '<6>agent: c\n', '<7>agent: d\n']);
  });

  it('shows debug lines only when it is verbose', () => {
    const { log, lines } = makeTestLog({ verbose: false });
    log.debug('frame');
    log.child('uplink').debug('frame');
    expect(lines).toEqual([]);
  });

  it('marks the lines of a child with its component', () => {
    const { log, lines } = makeTestLog();
    log.child('uplink').info('sent');
    expect(lines).toEqual(['<6>uplink: sent\n']);
  });

  it('omits undefined facts and quotes ambiguous ones', () => {
    const { log, lines } = makeTestLog();
    log.info('x', { name: 'a b', gone: undefined, empty: '', count: 3, sure: true, tricky: 'a=b' });
    expect(lines).toEqual(['<6>agent: x name="a b" empty="" count=3 sure=true tricky="a=b"\n']);
  });

  it('writes an error with its cause and hint', () => {
    const { log, lines } = makeTestLog();
    const error = new OperationalError('LINK', 'no receiver', {
      cause: new Error('refused'),
      hint: 'wait',
    });
    log.warn('x', { error });
    expect(lines).toEqual(['<4>agent: x error="no receiver: refused; wait" code=LINK\n']);
  });

  it('is one line for any facts', () => {
    const { log, lines } = makeTestLog();
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    for (const fact of [
      'a\nb\r\u001b[2J\u007f\u009b2J',
      'a\u202egpj.b\u2066\u2028c\u061cd',
      loop,
      () => 1,
      10n,
      Symbol('s'),
      null,
      [1, 2],
    ])
      log.info('x', { fact });
    expect(lines).toHaveLength(8);
    const printable = /^<6>agent: x fact=[^\p{Cc}\p{Bidi_Control}\u2028\u2029]+\n$/u;
    for (const line of lines) expect(line).toMatch(printable);
  });
});

describe('isJournal', () => {
  const stderr = { dev: 9, ino: 1234 };

  it('is true when the variable names the stderr of this process', () => {
    expect(isJournal('9:1234', stderr)).toBe(true);
  });

  it.each([undefined, '', '9:1235', '8:1234'])(
    'is false for %j: inherited, but redirected',
    (variable) => {
      expect(isJournal(variable, stderr)).toBe(false);
    },
  );
});
