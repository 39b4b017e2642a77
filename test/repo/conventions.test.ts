/**
 * Rules that neither the compiler nor the linter checks: which file may import which, and which file owns a capability.
 * Each rule is a function from sources to one sentence per breach, and is tested with an offender.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Import, type Source, cycles, importsOf, withoutComments } from './source-imports.js';

interface Rule {
  readonly title: string;
  /** A sentence for each breach, with the path of the file. */
  readonly check: (sources: readonly Source[]) => string[];
  /** By path, texts that break the rule once; each file takes part in the breach. */
  readonly offenders: readonly Readonly<Record<string, string>>[];
}

const program = (path: string): string => path.split('/')[0] ?? '';
const isMain = ({ path }: Source): boolean => posix.basename(path) === 'main.ts';
/** A file of `commands/`: a command, or a part of one. */
const isCommand = ({ path }: Source): boolean => path.split('/')[1] === 'commands';
/** The file that starts programs reads the environment, since they inherit it. */
const isRunner = ({ path }: Source): boolean => posix.basename(path) === 'run-program.ts';
/** The page of the viewer is a program of its own, and so is the page that a replay writes. */
const isOfViewerPage = (path: string): boolean => path.startsWith('receiver/web/page/');
const isOfReplayPage = (path: string): boolean => path.startsWith('agent/replay/page/');
const isOfPage = (path: string): boolean => isOfViewerPage(path) || isOfReplayPage(path);
/** What the page of a replay has in common with the detector: words, figures and limits, which import nothing else. */
const replayPageImports = [
  ...['agent/detect/frame-facts', 'agent/detect/frame-words', 'agent/detect/thresholds'],
  'agent/replay/html/page-data',
];
const header = ({ text }: Source): string =>
  /^(?:#!.*\n)?(\/\*\*[\s\S]*?\*\/)/.exec(text)?.[1] ?? '';
const isPure = (source: Source): boolean => /\bPure\b/.test(header(source));

/** A rule about single imports: `reason` returns why an import is forbidden, or undefined. */
function eachImport(reason: (imported: Import) => string | undefined): Rule['check'] {
  return (sources) =>
    importsOf(sources).flatMap((imported) => {
      const why = reason(imported);
      const { from, target } = imported;
      return why === undefined ? [] : [`${from.path} imports ${target}: ${why}`];
    });
}

/** A rule about the code of single files, without comments. */
function eachCode(pattern: RegExp, why: string): Rule['check'] {
  return (sources) =>
    sources.flatMap(({ path, text }) => {
      const found = pattern.exec(withoutComments(text));
      return found === null ? [] : [`${path} has '${found[0].trim()}': ${why}`];
    });
}

/** A capability with few owners: at most `most` files in a folder import the package or module. */
function owners(module: string, most: number, folders = ['']): Rule['check'] {
  return (sources) =>
    folders.flatMap((folder) => {
      const users = importsOf(sources).filter(
        ({ target, from }) =>
          target.replace('node:', '') === module && from.path.startsWith(folder),
      );
      const paths = [...new Set(users.map(({ from }) => from.path))];
      return paths.length <= most ? [] : [`${paths.join(', ')} import ${module}: ${most} may`];
    });
}

/** Why a pure file may not import a module; of node:net it may import the functions on texts. */
function impurity({ target, names }: Import): string | undefined {
  const module = target.replace(/^node:/, '').split('/')[0] ?? '';
  const imports = names.match(/\w+/g)?.filter((name) => name !== 'type') ?? [];
  const isOnlyText = imports.every((name) =>
    ['isIP', 'isIPv4', 'isIPv6', 'BlockList'].includes(name),
  );
  if (['fs', 'child_process', 'timers', 'process', 'tls'].includes(module)) return 'it is pure';
  if (module === 'net' && !isOnlyText) return 'it is pure';
  if (target === 'shared/cli/log') return 'it is pure: it returns or throws';
  const isClock = target === 'shared/clock' && imports.includes('systemClock');
  return isClock ? 'it is pure: pass the clock as a parameter' : undefined;
}

/** The layers of each program, highest first: its folders, and the files outside of a folder. */
const layersOf: Readonly<Record<string, readonly string[]>> = {
  agent: [
    ...['main', 'commands', 'replay', 'setup', 'watch', 'options', 'reports', 'detect'],
    ...['events', 'uplink', 'spool', 'source', 'service'],
  ],
  receiver: [
    ...[
      'main',
      'commands',
      'examples',
      'options',
      'setup',
      'web',
      'metrics',
      'notify',
      'connection',
    ],
    ...['archive', 'access', 'store', 'listen', 'limits'],
  ],
  shared: [
    ...['setup', 'keys', 'protocol', 'jpeg', 'files', 'process', 'cli'],
    ...['byte-queue', 'backoff', 'clock', 'natural-order', 'time-limit', 'window-counter'],
    'get-or-insert',
  ],
};

function layerOf(path: string): { readonly program: string; readonly layer: string } | undefined {
  const [owner = '', layer] = path.replace(/\.tsx?$/, '').split('/');
  return layer === undefined || !(owner in layersOf) ? undefined : { program: owner, layer };
}

/** Names that docs/glossary.md has replaced, as whole identifiers. */
const retiredNames =
  /\b(?:Doorkeeper|Guest|Places|CalmLog|Trouble|Chatter|Bell|Shelf|FolderShelf|NextRun|Entrance|Claimant|Settling|ArrivingJpeg|Selection|Judge|FrameTaker|Visit|heard|told|restless|looked)\b/;

/** Words for people where a machine, a peer or a value is meant. */
const retiredIdioms =
  /\b(?:somebody|nobody|whoever|of ours|is heard|hears|are told|is told|lets? go of|last words|strangers?)\b/i;

const inFile = (path: string, ...texts: string[]) => texts.map((text) => ({ [path]: text }));

const rules: readonly Rule[] = [
  {
    title: 'agent and receiver never import each other, and shared imports neither',
    check: eachImport(({ from, target }) => {
      const isProgram = /^(agent|receiver)\//.test(target);
      return isProgram && program(target) !== program(from.path)
        ? 'shared code belongs in shared/'
        : undefined;
    }),
    offenders: [
      { 'agent/a.ts': "import { x } from '../receiver/b.js';" },
      { 'receiver/web/a.ts': "import type { X } from '../../agent/b.js';" },
      { 'shared/a.ts': "const b = await import('../agent/b.js');" },
      { 'shared/a.ts': "import {\n  type X,\n  y,\n} from '../receiver/b.js';" },
    ],
  },
  {
    title: 'a layer imports lower layers only',
    check: eachImport(({ from, target }) => {
      const [importer, imported] = [layerOf(from.path), layerOf(target)];
      const layers = importer === undefined ? undefined : layersOf[importer.program];
      if (importer === undefined || layers === undefined) return undefined;
      if (imported?.program !== importer.program) return undefined;
      if (importer.layer === imported.layer) return undefined;
      const [level, targetLevel] = [importer, imported].map(({ layer }) => layers.indexOf(layer));
      const isLower = level !== undefined && level >= 0 && level < (targetLevel ?? -1);
      return isLower ? undefined : `${imported.layer} is not a lower layer`;
    }),
    offenders: [
      { 'agent/spool/a.ts': "import { b } from '../uplink/b.js';" },
      { 'receiver/limits/work/a.ts': "import type { B } from '../../access/b.js';" },
      { 'shared/cli/a.ts': "import { b } from '../files/b.js';" },
      { 'agent/drawer/a.ts': "import { b } from '../spool/b.js';" },
    ],
  },
  {
    title:
      'the viewer imports what is stored, metrics, sockets and shared code, and commands and options import it',
    check: eachImport(({ from, target }) => {
      const [importer, imported] = [layerOf(from.path), layerOf(target)];
      const isViewer = (layer: typeof importer) =>
        layer?.program === 'receiver' && layer.layer === 'web';
      if (isViewer(importer) && imported?.program === 'receiver') {
        const isAllowed = ['web', 'metrics', 'archive', 'store', 'listen'].includes(imported.layer);
        return isAllowed ? undefined : 'the viewer reads what is stored';
      }
      const isOutside =
        isViewer(imported) && !['commands', 'options'].includes(importer?.layer ?? '');
      return isOutside && !isViewer(importer) ? 'the viewer is a program of its own' : undefined;
    }),
    offenders: [
      { 'receiver/web/a.ts': "import { b } from '../connection/b.js';" },
      { 'receiver/web/strips/a.ts': "import type { B } from '../../limits/b.js';" },
      { 'receiver/main.ts': "import { b } from './web/b.js';" },
    ],
  },
  {
    title: 'no file is outside of a layer',
    check: (sources) =>
      sources.flatMap(({ path }) => {
        const { program: owner, layer } = layerOf(path) ?? {};
        const isKnown = layer !== undefined && layersOf[owner ?? '']?.includes(layer) === true;
        return isKnown ? [] : [`${path} is in no known layer`];
      }),
    offenders: inFile('agent/delivery.ts', '/** Delivers. */'),
  },
  {
    title:
      'the page of a replay imports itself, and the words and figures of frames; nothing imports it',
    check: eachImport(({ from, target }) => {
      if (!isOfReplayPage(from.path)) {
        return isOfReplayPage(target) ? 'it runs in a browser' : undefined;
      }
      const isAllowed = isOfReplayPage(target) || replayPageImports.includes(target);
      return isAllowed ? undefined : 'a browser has only what is bundled for it';
    }),
    offenders: [
      { 'agent/replay/page/a.ts': "import { join } from 'node:path';" },
      { 'agent/replay/page/a.ts': "import type { B } from '../../detect/motion-detector.js';" },
      { 'agent/replay/page/a.ts': "import { h } from 'preact';" },
      { 'agent/replay/html/a.ts': "import { b } from '../page/b.js';" },
    ],
  },
  {
    title: 'what the page of a replay imports imports nothing else',
    check: eachImport(({ from, target }) => {
      if (!replayPageImports.includes(from.path.replace(/\.ts$/, ''))) return undefined;
      return replayPageImports.includes(target) ? undefined : 'it runs in a browser too';
    }),
    offenders: [
      { 'agent/detect/frame-words.ts': "import { formatSize } from '../../shared/cli/units.js';" },
    ],
  },
  {
    title: 'the page imports itself, Preact, signals and the types of the API; nothing imports it',
    check: eachImport(({ from, target }) => {
      if (!isOfViewerPage(from.path)) {
        return isOfViewerPage(target) ? 'it runs in a browser' : undefined;
      }
      const isAllowed =
        isOfViewerPage(target) ||
        ['preact', 'preact/hooks', '@preact/signals-core'].includes(target) ||
        target === 'receiver/web/api-types';
      return isAllowed ? undefined : 'a browser has only what is bundled for it';
    }),
    offenders: [
      { 'receiver/web/page/a.ts': "import { join } from 'node:path';" },
      { 'receiver/web/page/a.tsx': "import { b } from '../../../shared/b.js';" },
      { 'receiver/web/page/a.ts': "import type { B } from '../server/b.js';" },
      { 'receiver/web/page/a.ts': "import confetti from 'confetti';" },
      { 'receiver/web/server/a.ts': "import { b } from '../page/b.js';" },
    ],
  },
  {
    title: 'the page makes no HTML of texts, and asks no other machine',
    check: (sources) =>
      eachCode(
        /\b(?:innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write)\b|['"`](?:https?|wss?):/,
        'names and notes are text; addresses are relative',
      )(sources.filter(({ path }) => isOfPage(path))),
    offenders: inFile(
      'agent/replay/page/a.ts',
      'box.innerHTML = name;',
      '<p dangerouslySetInnerHTML={{ __html: note }} />',
      "fetch('https://example.org/');",
    ),
  },
  {
    title: 'nothing imports a test',
    check: eachImport(({ target }) =>
      /^(test\/|vitest$)/.test(target) ? 'it is for tests' : undefined,
    ),
    offenders: inFile('agent/a.ts', "import '../test/b.js';", "import { vi } from 'vitest';"),
  },
  {
    title: 'no file imports a main.ts',
    check: eachImport(({ target }) =>
      target.endsWith('/main') ? 'it is an entry point' : undefined,
    ),
    offenders: inFile('agent/a.ts', "import { x } from './main.js';"),
  },
  {
    title: 'options.ts is imported by commands only',
    check: eachImport(({ from, target }) =>
      target.endsWith('/options') && !isCommand(from)
        ? 'other parts receive plain values'
        : undefined,
    ),
    offenders: inFile('agent/a.ts', "import { x } from './options.js';"),
  },
  {
    title: 'there are no import cycles',
    check: cycles,
    offenders: [
      {
        'agent/a.ts': "import { b } from './x/b.js';",
        'agent/x/b.ts': "import type { A } from '../a.js';",
      },
    ],
  },
  {
    title: 'there are no default exports',
    check: eachCode(/^export default\b|\bas default\b/m, 'export by name'),
    offenders: inFile(
      'agent/a.ts',
      'export default class {}',
      'const a = 1;\nexport { a as default };',
    ),
  },
  {
    title: 'there are no re-exports',
    check: eachCode(
      /^export (?:\*|(?:type )?\{)[^;=(]*\bfrom\b/m,
      'import from the file that owns the name',
    ),
    offenders: inFile(
      'agent/a.ts',
      "export * from './b.js';",
      "export type {\n  B,\n} from './b.js';",
    ),
  },
  {
    title: 'no file is named index.ts',
    check: (sources) =>
      sources
        .filter(({ path }) => posix.basename(path) === 'index.ts')
        .map(({ path }) => `${path}: name the file after its content`),
    offenders: inFile('agent/detect/index.ts', 'export const a = 1;'),
  },
  {
    title: 'a file marked pure imports no files, sockets, processes, timers, clock or log',
    check: (sources) => eachImport(impurity)(sources.filter(isPure)),
    offenders: [
      "import { open } from 'node:fs/promises';",
      "import { connect } from 'node:net';",
      "import * as net from 'node:net';",
      "import { spawn } from 'node:child_process';",
      "import { setTimeout } from 'node:timers/promises';",
      "import { type Clock, systemClock } from './clock.js';",
      "import type { Log } from './cli/log.js';",
    ].map((line) => ({ 'shared/a.ts': `/** Sums. Pure. */\n${line}` })),
  },
  {
    title: 'a file marked pure reads no clock, sets no timer and does not use process',
    check: (sources) =>
      eachCode(
        /\bDate\.now\b|\bnew Date\(\)|\bperformance\.|\bset(Timeout|Interval|Immediate)\(|\bprocess\.|\bMath\.random\b/,
        'it is pure',
      )(sources.filter(isPure)),
    offenders: [
      'Date.now()',
      'new Date()',
      'performance.now()',
      'setTimeout(f, 1)',
      'process.cwd()',
      'Math.random()',
    ].map((code) => ({ 'agent/a.ts': `/**\n * Sums.\n * Pure; quick.\n */\nconst a = ${code};` })),
  },
  {
    title: 'one file compares pixels',
    check: owners('pixelmatch', 1),
    offenders: [
      {
        'agent/a.ts': "import pixelmatch from 'pixelmatch';",
        'agent/b.ts': "import pixelmatch from 'pixelmatch';",
      },
    ],
  },
  {
    title: 'two files import jpeg-js: the decoder and the encoder',
    check: owners('jpeg-js', 2),
    offenders: [
      {
        'agent/a.ts': "import jpeg from 'jpeg-js';",
        'agent/b.ts': "import jpeg from 'jpeg-js';",
        'receiver/c.ts': "import jpeg from 'jpeg-js';",
      },
    ],
  },
  {
    title: 'one file starts other programs',
    check: owners('child_process', 1),
    offenders: [
      {
        'agent/a.ts': "import { spawn } from 'node:child_process';",
        'shared/b.ts': "import 'child_process';",
      },
    ],
  },
  {
    title: 'programs are started by name and arguments, without a shell',
    check: eachImport(({ target, names }) => {
      if (target.replace('node:', '') !== 'child_process') return undefined;
      const imports = names.replaceAll(/\btype\b/g, '').match(/[\w*]+/g) ?? ['*'];
      const isAllowed = imports.every((name) =>
        ['spawn', 'execFile', 'ChildProcess'].includes(name),
      );
      return isAllowed ? undefined : 'use spawn or execFile, which take a list of arguments';
    }),
    offenders: inFile(
      'shared/process/run-program.ts',
      "import { exec } from 'node:child_process';",
      "import { spawn, execSync } from 'child_process';",
      "import * as programs from 'node:child_process';",
      "import programs from 'node:child_process';",
      "import { exec as spawn } from 'node:child_process';",
      "import { fork } from 'node:child_process';",
      "import 'node:child_process';",
      "const { exec } = await import('node:child_process');",
    ),
  },
  {
    title: 'no shell is started, and no text is evaluated as code',
    check: eachCode(
      /\bshell\b['"]?\s*[:,}]|['"](?:\/[\w/]*\/)?(?:ba|da|z|k)?sh['"]|\beval\(|\bFunction\(|\bnode:vm\b|\bcreateRequire\b|\bgetBuiltinModule\b/,
      'texts are not commands',
    ),
    offenders: inFile(
      'shared/process/run-program.ts',
      'spawn(program, words, { shell: true });',
      "spawn(program, words, { 'shell': '/bin/sh' });",
      'spawn(program, words, { shell });',
      "spawn('sh', ['-c', text]);",
      "run('/usr/bin/bash', words);",
      'eval(text);',
      "new Function('a', text);",
      "import { runInNewContext } from 'node:vm';",
      "createRequire(import.meta.url)('child_process');",
      "process.getBuiltinModule('child_process');",
    ),
  },
  {
    title: 'only main.ts reads the command line and the environment, and ends the process',
    check: (sources) =>
      eachCode(
        /\bprocess\.(argv|env|exit)\b|\} = process\b|\bfrom 'node:process'/,
        'main.ts passes it on',
      )(sources.filter((source) => !isMain(source) && !isRunner(source))),
    offenders: inFile(
      'agent/a.ts',
      'f(process.argv);',
      'f(process.env.HOME);',
      'process.exit(1);',
      'const { env } = process;',
      "import { env } from 'node:process';",
    ),
  },
  {
    title: 'every file begins with a header comment',
    check: (sources) =>
      sources
        .filter((source) => header(source) === '')
        .map(({ path }) => `${path} does not begin with /**`),
    offenders: inFile('agent/a.ts', "import 'x';\n/** Late. */", '// Short.'),
  },
  {
    title: 'no file is longer than 300 lines',
    check: (sources) =>
      sources.flatMap(({ path, text }) => {
        const lineCount = text.trimEnd().split('\n').length;
        return lineCount <= 300 ? [] : [`${path} has ${lineCount} lines: split it`];
      }),
    offenders: inFile('agent/a.ts', 'x\n'.repeat(301)),
  },
  {
    title: 'no identifier has a retired name',
    check: eachCode(retiredNames, 'docs/glossary.md has the term'),
    offenders: inFile('agent/a.ts', 'class Doorkeeper {}', 'const told = 1;', 'new CalmLog();'),
  },
  {
    title: 'no comment and no message has a retired idiom',
    check: (sources) =>
      sources.flatMap(({ path, text }) => {
        const found = retiredIdioms.exec(text);
        return found === null ? [] : [`${path} has '${found[0]}': name the machine or the value`];
      }),
    offenders: inFile(
      'agent/a.ts',
      "log.warn('nobody is there');",
      '/** Closes when somebody leaves. */',
      "throw new Error('it is told so');",
    ),
  },
  {
    // eslint's no-explicit-any finds other uses.
    title: 'no file casts to any',
    check: eachCode(/\bas any\b|<any>/, 'use the type, or unknown'),
    offenders: inFile('agent/a.ts', 'const a = b as any;', 'const a = <any>b;'),
  },
  {
    title: 'no file silences the compiler or the linter',
    check: (sources) =>
      sources.flatMap(({ path, text }) => {
        const found = /@ts-(ignore|expect-error|nocheck)|eslint-disable/.exec(text);
        return found === null ? [] : [`${path} has ${found[0]}: fix the cause`];
      }),
    offenders: inFile(
      'agent/a.ts',
      '// @ts-ignore',
      '// @ts-expect-error: reason',
      '// @ts-nocheck',
      '/* eslint-disable */',
      '// eslint-disable-next-line',
    ),
  },
];

function readSources(): Source[] {
  const root = new URL('../../', import.meta.url);
  return ['agent', 'receiver', 'shared'].flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => ({
        path: `${folder}/${name}`,
        text: readFileSync(new URL(`${folder}/${name}`, root), 'utf8'),
      })),
  );
}

const asSources = (files: Readonly<Record<string, string>>): Source[] =>
  Object.entries(files).map(([path, text]) => ({ path, text }));

describe('conventions of the sources', () => {
  const sources = readSources();

  it('the sources are found, with their imports', () => {
    const paths = sources.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(['agent/main.ts', 'receiver/main.ts', 'shared/protocol/wire.ts']),
    );
    const wireImports = importsOf(sources).filter(
      ({ from }) => from.path === 'shared/protocol/wire.ts',
    );
    expect(wireImports.map(({ target }) => target)).toEqual([
      'node:zlib',
      'shared/byte-queue',
      'shared/cli/errors',
      'shared/protocol/plain-answers',
      'shared/protocol/protocol-limits',
    ]);
  });

  it.each(rules)('rule: $title', ({ check }) => {
    expect(check(sources)).toEqual([]);
  });
});

describe('convention rules', () => {
  const broken = rules.flatMap(({ title, check, offenders }) =>
    offenders.map((files) => ({ title, check, files })),
  );

  it.each(broken)('find a breach of: $title: $files', ({ check, files }) => {
    const found = check(asSources(files));
    expect(found).toHaveLength(1);
    for (const path of Object.keys(files)) expect(found[0]).toContain(path);
  });

  it('find no breach in valid files', () => {
    const pure = [
      '/** Reads texts. Pure: no process.exit, Date.now() or as any in it. */',
      "import { isIP, isIPv6 } from 'node:net';",
      "import type { Clock } from '../clock.js';",
      '',
      '// import { spawn } from "node:child_process", as any: only words',
      "export const site = 'https://example.org/any'; // from 'vitest'",
      "export const word = 'vitest';",
      'export const late = (clock: Clock): boolean => clock.nowMs() > isIP(word) && isIPv6(site);',
    ].join('\n');
    const main = [
      '#!/usr/bin/env node',
      '/** The program: finds the command. */',
      "import { run } from './commands/watch.js';",
      'process.exit(run(process.argv, process.env));',
    ].join('\n');
    const command =
      "/** The command: wires the parts. */\nimport { options } from '../options.js';\nrun(options);";
    const runner =
      "/** Runs programs. */\nimport { spawn } from 'node:child_process';\nspawn('true');";
    const longest = `/** Long. */${'\n//'.repeat(299)}\n`;
    const sources = asSources({
      'shared/cli/pure.ts': pure,
      'agent/main.ts': main,
      'agent/commands/watch.ts': command,
      'agent/options.ts': longest,
      'shared/process/run-program.ts': runner,
    });
    expect(rules.flatMap(({ check }) => check(sources))).toEqual([]);
  });
});
