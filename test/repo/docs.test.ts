/** The docs: tables that are made from the code (`UPDATE=1` rewrites them), links, and the README's size. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { agentProgram } from '../../agent/options.js';
import { replayProgram } from '../../agent/replay/replay-options.js';
import { copyProgram } from '../../receiver/commands/copy.js';
import { eraseProgram } from '../../receiver/commands/erase.js';
import { keepProgram } from '../../receiver/commands/keep.js';
import { notifyProgram } from '../../receiver/commands/notify.js';
import { pruneProgram } from '../../receiver/commands/prune.js';
import { reindexProgram } from '../../receiver/commands/reindex.js';
import { reportProgram } from '../../receiver/commands/report.js';
import { snoozeProgram } from '../../receiver/commands/snooze.js';
import { exportProgram } from '../../receiver/commands/export.js';
import { verifyProgram } from '../../receiver/commands/verify.js';
import { webProgram } from '../../receiver/commands/web.js';
import { webPasswordProgram } from '../../receiver/commands/web-password.js';
import { findingKinds } from '../../receiver/archive/verify/findings.js';
import { receiverProgram } from '../../receiver/options.js';
import { s3Options } from '../../receiver/store/s3/s3-options.js';
import { errorCodes } from '../../shared/cli/errors.js';
import { type Program, optionRows } from '../../shared/cli/option-table.js';
import { checkGenerated, markdownTable } from '../support/generated-docs.js';
import { root } from '../support/programs.js';

function optionTable(program: Program): string {
  const rows = optionRows(program).map(({ flag, help, defaultText }) => [
    `\`${flag}\``,
    help,
    defaultText === undefined ? '' : `\`${defaultText}\``,
  ]);
  return markdownTable(['flag', 'what it does', 'default'], rows);
}

const errorTable = markdownTable(
  ['code', 'what it stands for'],
  Object.entries(errorCodes).map(([code, meaning]) => [
    `[\`${code}\`](#${code.toLowerCase()})`,
    meaning,
  ]),
);
const findingTable = markdownTable(
  ['finding', 'level', 'what it says', 'what now'],
  Object.entries(findingKinds).map(([kind, { level, means, now }]) => [
    ...[`\`${kind}\``, level, means, now],
  ]),
);
const blocks: readonly (readonly [page: string, name: string, expected: string])[] = [
  ['docs/reference/agent.md', 'agent options', optionTable(agentProgram)],
  ['docs/reference/replay.md', 'replay options', optionTable(replayProgram)],
  ['docs/reference/receiver.md', 'receiver options', optionTable(receiverProgram)],
  ['docs/reference/report.md', 'report options', optionTable(reportProgram)],
  ['docs/retention.md', 'prune options', optionTable(pruneProgram)],
  ['docs/retention.md', 'keep options', optionTable(keepProgram)],
  ['docs/record.md', 'reindex options', optionTable(reindexProgram)],
  ['docs/erase.md', 'erase options', optionTable(eraseProgram)],
  ['docs/verify.md', 'verify options', optionTable(verifyProgram)],
  ['docs/verify.md', 'export options', optionTable(exportProgram)],
  ['docs/verify.md', 'findings', findingTable],
  ['docs/viewer.md', 'web options', optionTable(webProgram)],
  ['docs/viewer.md', 'web-password options', optionTable(webPasswordProgram)],
  ['docs/fleet.md', 'copy options', optionTable(copyProgram)],
  ['docs/fleet.md', 'bucket options', optionTable({ name: 'receiver', table: s3Options })],
  ['docs/notify.md', 'notify options', optionTable(notifyProgram)],
  ['docs/notify.md', 'snooze options', optionTable(snoozeProgram)],
  ['docs/troubleshooting.md', 'error codes', errorTable],
];

describe('generated docs', () => {
  it.each(blocks)('%s: the block "%s" matches the code', checkGenerated);
});

const pages = ['.', 'docs', 'docs/reference', 'shared'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

/** GitHub's name for a heading. */
function anchorOf(heading: string): string {
  const words = heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '');
  return words.trim().replaceAll(' ', '-');
}

function anchorsIn(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

describe('links in the docs', () => {
  it.each(pages)('%s: every link has a target', (page) => {
    const text = readFileSync(join(root, page), 'utf8').replaceAll(/^```[^]*?^```$/gm, '');
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const broken = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false; // a site elsewhere
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) return true;
      if (anchor === undefined) return false;
      return !anchorsIn(readFileSync(join(root, target), 'utf8')).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

describe('the README', () => {
  it('has at most 8 kB', () => {
    expect(readFileSync(`${root}README.md`).length).toBeLessThanOrEqual(8192);
  });
});
