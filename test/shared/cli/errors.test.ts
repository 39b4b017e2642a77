/** The error line that an operator reads. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  OperationalError,
  UsageError,
  describeError,
  exitCodeFor,
  systemCode,
} from '../../../shared/cli/errors.js';

function systemError(): unknown {
  try {
    return readFileSync('/proc/no such file');
  } catch (error) {
    return error;
  }
}

describe('OperationalError', () => {
  it('keeps code, hint and cause', () => {
    const cause = new Error('why');
    const error = new OperationalError('STORE', 'cannot write /c', { hint: 'make room', cause });
    expect(error).toMatchObject({
      name: 'OperationalError',
      code: 'STORE',
      message: 'cannot write /c',
      hint: 'make room',
      cause,
    });
  });

  it('is a UsageError where the command line is wrong', () => {
    const error = new UsageError('unknown flag --x');
    expect(error).toBeInstanceOf(OperationalError);
    expect(error).toMatchObject({ name: 'UsageError', code: 'USAGE', hint: undefined });
  });
});

describe('describeError', () => {
  it('has the message, then the causes, then the hint', () => {
    const cause = new Error('connect ECONNREFUSED');
    const error = new OperationalError('LINK', 'no receiver at laptop:4444', {
      cause,
      hint: 'start it',
    });
    expect(describeError(error)).toBe('no receiver at laptop:4444: connect ECONNREFUSED; start it');
  });

  it('has the hint of the outermost error', () => {
    const inner = new OperationalError('STORE', 'inner', { hint: 'inner hint' });
    expect(describeError(new Error('outer', { cause: inner }))).toBe('outer: inner; inner hint');
    const outer = new OperationalError('STORE', 'outer', { hint: 'outer hint', cause: inner });
    expect(describeError(outer)).toBe('outer: inner; outer hint');
  });

  it('has none of the characters that move or reorder text on a terminal', () => {
    const message = 'it says: \u001b[2J\u202egpj.exe\u2066 a\r\n\u2028 b\u200f';
    expect(describeError(new Error(message))).toBe('it says: [2J gpj.exe a b ');
  });

  it('omits a cause that repeats the message', () => {
    const error = new Error('cannot read: EIO', { cause: new Error('EIO') });
    expect(describeError(error)).toBe('cannot read: EIO');
  });

  it('lists all errors of an AggregateError, as when every address of a host failed', () => {
    const error = new AggregateError([new Error('::1 refused'), new Error('127.0.0.1 refused')]);
    expect(describeError(error)).toBe('::1 refused, 127.0.0.1 refused');
  });

  it('uses the name of an error without a message', () => {
    expect(describeError(new TypeError())).toBe('TypeError');
  });

  it.each([
    ['a word', 'a word'],
    [42, 'thrown value of type number'],
    [undefined, 'thrown value of type undefined'],
    [null, 'thrown value of type object'],
  ])('describes a thrown %j', (thrown, text) => {
    expect(describeError(thrown)).toBe(text);
  });

  it('has at most five causes', () => {
    const error = [6, 5, 4, 3, 2, 1].reduce(
      (cause, n) => new Error(`no ${n}`, { cause }),
      new Error('no 7'),
    );
    expect(describeError(error)).toBe('no 1: no 2: no 3: no 4: no 5');
  });

  it('ends for circular causes', () => {
    const error = new Error('first');
    error.cause = new Error('second', { cause: error });
    expect(describeError(error)).toBe('first: second');
  });

  it('is one line without control characters for any message', () => {
    const error = new Error('one\n  two\r\nthree \u001b[31mred\u009b0m\0');
    expect(describeError(error)).toBe('one two three [31mred 0m ');
  });
});

describe('systemCode', () => {
  it('is the errno name of a system error', () => {
    expect(systemCode(systemError())).toBe('ENOENT');
  });

  it.each([
    new Error('plain'),
    'ENOENT',
    { code: 'ENOENT' },
    Object.assign(new Error('x'), { code: 5 }),
  ])('is undefined for anything else: %s', (error) => {
    expect(systemCode(error)).toBeUndefined();
  });
});

describe('exitCodeFor', () => {
  it('is 2 for wrong usage and 1 for the rest', () => {
    expect(exitCodeFor(new UsageError('x'))).toBe(2);
    expect(exitCodeFor(new OperationalError('STORE', 'x'))).toBe(1);
    expect(exitCodeFor('x')).toBe(1);
  });
});
