/** The unit files by themselves: systemd finds nothing wrong with them, and they are as closed as docs/systemd.md says. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentProgram } from '../../agent/options.js';
import { receiverProgram } from '../../receiver/options.js';
import { bucketDropIn, bucketServices } from '../../receiver/setup/install/bucket-plan.js';
import { systemScope } from '../../shared/setup/install/scope.js';
import { variableName } from '../../shared/cli/option-table.js';
import { root } from '../support/programs.js';
import { checkGenerated, markdownTable } from '../support/generated-docs.js';
import { temporaryDirectory } from '../support/temporary.js';
import { type Lab, whyNoLab } from './lab.js';
import { bootShipped } from './shipped.js';

const names = ['systemd', 'systemd/examples'].flatMap((folder) =>
  readdirSync(`${root}${folder}`)
    .filter((name) => /\.(service|socket|timer|path)$/.test(name))
    .map((name) => `${folder}/${name}`),
);
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');
const services = names.filter((name) => name.endsWith('.service'));

const ringCalls = ['io_uring_setup', 'io_uring_enter', 'io_uring_register'];

/** System calls and groups of them that a unit forbids. */
function denied(path: string): string[] {
  const lines = read(path).matchAll(/^SystemCallFilter=~(.*)$/gm);
  return [...lines].flatMap(([, words = '']) => words.split(' '));
}

describe('the units', () => {
  it.each(services.filter((path) => /picchanged|surveillance/.test(path)))(
    '%s waits for the disk of its state folder',
    (path) => {
      // The viewer and the notices read the receiver's.
      const [, folder = 'surveillance'] =
        /^StateDirectory=(\w+)(?!\S*-(?:web|notify))/m.exec(read(path)) ?? [];
      expect(read(path)).toMatch(new RegExp(`^RequiresMountsFor=/var/lib/${folder}$`, 'm'));
    },
  );

  it.each(services)('%s gives each restriction its reason', (path) => {
    const lines = read(path).split('\n');
    const bare = lines.filter((line, index) => {
      const isRestriction = /^(?:Protect|Private|Restrict|SystemCall|Device|NoNew|Capab)\w*=/.test(
        line,
      );
      // One reason may stand above several lines.
      const above = lines
        .slice(0, index)
        .reverse()
        .find((each) => each.startsWith('#') || each === '');
      return isRestriction && !above?.startsWith('#');
    });
    expect(bare).toEqual([]);
  });

  it.each(services)('%s forbids io_uring, which works past any other filter', (path) => {
    expect(denied(path)).toEqual(expect.arrayContaining(ringCalls));
  });

  it.each(services.filter((path) => /^systemd\/picchanged(?!-web)/.test(path)))(
    '%s forbids all that opens a port',
    (path) => {
      expect(denied(path)).toEqual(expect.arrayContaining(['bind', 'listen', 'accept', 'accept4']));
    },
  );

  it.each(names)('%s names only variables and flags that there are', (path) => {
    const known = [agentProgram, receiverProgram].flatMap(({ name, table }) =>
      Object.keys(table).map((key) => variableName(name, key)),
    );
    const variables = read(path).match(/\b(?:AGENT|RECEIVER)_[A-Z_]+\b/g) ?? [];
    expect(variables.filter((name) => !known.includes(name))).toEqual([]);
  });
});

const why = whyNoLab();

describe.skipIf(why !== undefined)(`systemd itself ${why ?? ''}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await bootShipped();
  });
  afterAll(() => lab.close());

  it('finds nothing wrong with the units', async () => {
    const line =
      'systemd-analyze verify --man=no --recursive-errors=yes /etc/systemd/system/*.{service,socket,timer,path}';
    expect(await lab.sh(line)).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('would find something wrong if there were', async () => {
    const line = String.raw`
      sed 's/^ProtectClock=/ProtectTime=/' /etc/systemd/system/picchanged.service > /run/wrong.service
      systemd-analyze verify --man=no --recursive-errors=yes /run/wrong.service`;
    expect((await lab.sh(line)).stderr).toContain('Unknown key');
  });

  it.each(services)('gives %s an exposure of 1.5 at most', async (path) => {
    const name = path.split('/').at(-1) ?? '';
    const file = `/etc/systemd/system/${name}`;
    // It ends with 1 above the threshold, which is ten times the figure.
    await lab.must('systemd-analyze', 'security', '--offline=true', '--threshold=15', file);
  });
});

/** The version that the page's figures are of: others weigh differently, and know other directives. */
const version = 252;
const analyze = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' });
const isThatVersion = new RegExp(`^systemd ${version}\\b`).test(analyze.stdout);

/** The exposure of a unit in a folder, with its drop-ins there. */
function exposureOf(path: string): string {
  const args = ['security', '--offline=true', path];
  const { stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  return /Overall exposure level for .*: ([\d.]+) /.exec(stdout)?.[1] ?? stdout;
}

describe.skipIf(!isThatVersion)(`docs/systemd.md (of systemd ${version})`, () => {
  it('has the exposures of services with a bucket', async () => {
    const folder = temporaryDirectory();
    const scope = { ...systemScope, unitFolder: folder };
    const rows = bucketServices.map((name) => {
      const hasHealth = false;
      const { path, content } = bucketDropIn(scope, name, { hasReadKeys: false, hasHealth });
      const alone = join(folder, name);
      copyFileSync(`${root}systemd/${name}`, alone);
      const before = exposureOf(alone);
      mkdirSync(dirname(path));
      writeFileSync(path, 'text' in content ? content.text : '');
      expect(Number(exposureOf(alone))).toBeLessThanOrEqual(1.5);
      return [`\`${name}\``, before, exposureOf(alone)];
    });
    await checkGenerated(
      'docs/systemd.md',
      'exposures with a bucket',
      markdownTable(['service', 'with a directory', 'with a bucket'], rows),
    );
  });

  it('has the exposures as systemd-analyze has them', async () => {
    const rows = services.map((path) => {
      const exposure = exposureOf(`${root}${path}`);
      return [`\`${path.replace('systemd/', '')}\``, exposure];
    });
    await checkGenerated(
      'docs/systemd.md',
      'exposures',
      markdownTable(['service', 'exposure'], rows),
    );
  });
});
