/** Reading a command line with a small table: flag over environment over default. */
import { describe, expect, it } from 'vitest';
import { destination } from '../../../shared/cli/address.js';
import { duration, path, wholeNumber } from '../../../shared/cli/value-types.js';
import {
  flagName,
  helpText,
  list,
  optionRows,
  readCommandLine,
  flag,
  value,
  variableName,
} from '../../../shared/cli/option-table.js';

const program = {
  name: 'watcher',
  table: {
    host: value(destination, 'Where to.'),
    shotTimeout: value(duration({ minMs: 1 }), 'How long a shot may take.', '20s'),
    dir: value(path('DIR'), 'Where the files go.'),
    level: list(wholeNumber(1, 9), 'A level.'),
    verbose: flag('Say more.'),
  },
};

type Environment = Record<string, string | undefined>;
const read = (argv: string[], env: Environment = {}) => readCommandLine(program, argv, env);

const inFile = 'for a service, watcher config --check names the file and the line';
function usage(message: string, hint?: string): unknown {
  return expect.objectContaining({ name: 'UsageError', message, hint });
}

describe('readCommandLine', () => {
  it('has the defaults without flags and variables', () => {
    expect(read([])).toEqual({
      options: { host: undefined, shotTimeout: 20_000, dir: undefined, level: [], verbose: false },
      supplied: new Map(),
      positionals: [],
      command: undefined,
    });
  });

  it('takes the flag over the environment over the default', () => {
    const env = { WATCHER_SHOT_TIMEOUT: '5s' };
    expect(read([], env).options.shotTimeout).toBe(5000);
    expect(read(['--shot-timeout', '1s'], env).options.shotTimeout).toBe(1000);
    expect(read(['--shot-timeout=1s'], env).options.shotTimeout).toBe(1000);
  });

  it('takes the last of a flag that is given twice', () => {
    expect(read(['--shot-timeout', '1s', '--shot-timeout', '2s']).options.shotTimeout).toBe(2000);
  });

  it('treats an empty variable as unset, as in an EnvironmentFile', () => {
    expect(read([], { WATCHER_SHOT_TIMEOUT: '', WATCHER_DIR: '  ' }).options).toMatchObject({
      shotTimeout: 20_000,
      dir: undefined,
    });
  });

  it('reads a list from its flags, or from the words of its variable', () => {
    const env = { WATCHER_LEVEL: ' 4  5 ' };
    expect(read([], env).options.level).toEqual([4, 5]);
    expect(read(['--level', '1', '--level=2'], env).options.level).toEqual([1, 2]);
  });

  it.each(['', 'none'])('takes an option back by the value %j', (back) => {
    const env = {
      WATCHER_HOST: 'laptop',
      WATCHER_SHOT_TIMEOUT: '5s',
      WATCHER_LEVEL: '4 5',
      WATCHER_VERBOSE: 'yes',
    };
    const flags = ['--shot-timeout', '--level', '--verbose', '--dir'];
    const argv = ['--dir', 'x', '--level', '1', ...flags.map((name) => `${name}=${back}`)];
    const byDefault = { shotTimeout: 20_000, level: [], verbose: false, dir: undefined };
    expect(read(argv, env).options).toMatchObject(byDefault);
    expect(read([...argv, '--level', '2'], env).options.level).toEqual([2]);
    const cleared = { WATCHER_SHOT_TIMEOUT: back, WATCHER_LEVEL: back, WATCHER_VERBOSE: back };
    expect(read([], cleared).options).toMatchObject(byDefault);
  });

  it('keeps none where it is a name', () => {
    expect(read(['--host', 'none']).options.host).toMatchObject({ host: 'none' });
    expect(read(['--host=']).options.host).toBeUndefined();
  });

  it.each<[argv: string[], env: Environment, isVerbose: boolean]>([
    [['--verbose'], {}, true],
    [['--verbose'], { WATCHER_VERBOSE: 'no' }, true],
    [['--verbose=no'], { WATCHER_VERBOSE: 'yes' }, false],
    [[], { WATCHER_VERBOSE: '1' }, true],
    [[], { WATCHER_VERBOSE: 'On' }, true],
    [[], { WATCHER_VERBOSE: 'false' }, false],
    [[], { WATCHER_VERBOSE: '0' }, false],
  ])('reads the switch in %j with %j as %s', (argv, env, isVerbose) => {
    expect(read(argv, env).options.verbose).toBe(isVerbose);
  });

  it('separates positionals from the arguments after --', () => {
    const line = read(['doctor', '--verbose', 'now', '--', 'ffmpeg', '-i', '--verbose', '--', 'x']);
    expect(line).toMatchObject({
      positionals: ['doctor', 'now'],
      command: ['ffmpeg', '-i', '--verbose', '--', 'x'],
      options: { verbose: true },
    });
    expect(read(['--']).command).toEqual([]);
  });

  it('takes a value that begins with - when it is joined with =', () => {
    expect(read(['--dir=-odd']).options.dir).toBe('-odd');
    expect(read(['--dir', '/a=b']).options.dir).toBe('/a=b');
  });

  const flags = 'see --help';
  it.each<[argv: string[], env: Environment, error: unknown]>([
    [['--hots', 'x'], {}, usage('unknown flag --hots', 'did you mean --host? See --help')],
    [['--shot', '1s'], {}, usage('unknown flag --shot', 'did you mean --shot-timeout? See --help')],
    [['-v'], {}, usage('unknown flag -v', flags)],
    [['--constructor'], {}, usage('unknown flag --constructor', flags)],
    [['--__proto__=x'], {}, usage('unknown flag --__proto__', flags)],
    [
      ['--shotTimeout', '1s'],
      {},
      usage('unknown flag --shotTimeout', 'did you mean --shot-timeout? See --help'),
    ],
    [['--dir'], {}, usage('--dir needs a value: --dir DIR')],
    [
      ['--dir', '--verbose'],
      {},
      usage(
        '--dir needs a value: --dir DIR',
        "to pass '--verbose' as the value, write --dir=--verbose",
      ),
    ],
    [
      ['--dir', '--', 'x'],
      {},
      usage('--dir needs a value: --dir DIR', "to pass '--' as the value, write --dir=--"),
    ],
    [['--verbose=perhaps'], {}, usage("--verbose 'perhaps': write yes or no")],
    [
      ['--level', '1', '--level', '10'],
      {},
      usage("--level '1 10': must be a whole number from 1 to 9"),
    ],
    [
      [],
      { WATCHER_VERBOSE: 'perhaps' },
      usage("WATCHER_VERBOSE 'perhaps': write yes or no", inFile),
    ],
    [
      [],
      { WATCHER_SHOT_TIMEOUT: '0' },
      usage("WATCHER_SHOT_TIMEOUT '0': must be 1ms to 365d", inFile),
    ],
  ])('refuses %j with %j', (argv, env, error) => {
    expect(() => read(argv, env)).toThrow(error);
  });

  it('refuses an invalid default, so that a test of the table finds it', () => {
    const wrong = { name: 'w', table: { pause: value(duration(), 'A pause.', '10') } };
    expect(() => readCommandLine(wrong, [], {})).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: expect.stringContaining("--pause '10'") as string,
      }),
    );
  });

  it('has two one-letter flags only, also where an option has such a name', () => {
    const table = { help: flag('Help.'), version: flag('Version.') };
    expect(readCommandLine({ name: 'w', table }, ['-h', '-V'], {}).options).toEqual({
      ...{ help: true, version: true },
    });
    const short = { name: 'w', table: { x: flag('X.') } };
    expect(readCommandLine(short, ['--x'], {}).options.x).toBe(true);
    expect(() => readCommandLine(short, ['-x'], {})).toThrow(
      usage('unknown flag -x', 'did you mean --x? See --help'),
    );
  });

  it('rethrows an error that is not an InvalidValue', () => {
    const bug = new TypeError('bug');
    const kind = {
      metavar: 'X',
      parse(): never {
        throw bug;
      },
    };
    const broken = { name: 'w', table: { x: value(kind, 'X.') } };
    expect(() => readCommandLine(broken, ['--x', '1'], {})).toThrow(bug);
  });
});

describe('flag and variable names', () => {
  it('are derived from the key of the table', () => {
    expect(flagName('shotTimeout')).toBe('shot-timeout');
    expect(flagName('host')).toBe('host');
    expect(variableName('agent', 'shotTimeout')).toBe('AGENT_SHOT_TIMEOUT');
  });
});

describe('the help text', () => {
  it('has a row for each option, with the default', () => {
    expect(optionRows(program)).toEqual([
      {
        flag: '--host HOST[:PORT]',
        variable: 'WATCHER_HOST',
        help: 'Where to.',
        defaultText: undefined,
      },
      {
        flag: '--shot-timeout DURATION',
        variable: 'WATCHER_SHOT_TIMEOUT',
        help: 'How long a shot may take.',
        defaultText: '20s',
      },
      {
        flag: '--dir DIR',
        variable: 'WATCHER_DIR',
        help: 'Where the files go.',
        defaultText: undefined,
      },
      {
        flag: '--level N',
        variable: 'WATCHER_LEVEL',
        help: 'A level. May be given several times.',
        defaultText: undefined,
      },
      { flag: '--verbose', variable: 'WATCHER_VERBOSE', help: 'Say more.', defaultText: undefined },
    ]);
  });

  it.each([40, 80, 110])('is wrapped at %d columns and loses no word', (width) => {
    const words = Array.from({ length: 120 }, (_, n) => 'word'.repeat((n % 4) + 1));
    const help = words.join(' ');
    const text = helpText({ name: 'w', table: { x: value(path('DIR'), help, '/tmp') } }, width);
    const lines = text.split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
    expect(lines.slice(1).join(' ').split(/\s+/).filter(Boolean)).toEqual([
      ...words,
      'Default',
      '/tmp.',
    ]);
  });
});
