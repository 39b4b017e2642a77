/**
 * What a paired camera feels of hostile peers: each attack beside its control, the same processes at the same rate
 * against a sink that only accepts and closes. Run it alone on a machine.
 * `npm run bench -- hostile [--only WORDS] [--seconds N] [--markdown]`
 */
import { setPriority } from 'node:os';
import { parseArgs } from 'node:util';
import { type AttackerJob, runAttackers } from './hostile/attacker.js';
import { type CameraJob, runCamera } from './hostile/camera.js';
import { type Role, type Row, measure } from './hostile/measure.js';
import { allRows } from './hostile/rows.js';
import { type SinkJob, runSink } from './hostile/sink.js';
import {
  breaches,
  cells,
  header,
  longestWaitMs,
  markdown,
  mostTimesControl,
  plainLine,
  quietCells,
} from './hostile/table.js';

const { values } = parseArgs({
  options: {
    role: { type: 'string' },
    job: { type: 'string', default: '{}' },
    /** Rows of which the attack, the role or both as `ROLE/ATTACK` contain it; several are apart by `;`. */
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '5' },
    markdown: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);

function wanted({ attack, role, attackers }: Row): boolean {
  const name = `${role}/${attack}/${attackers}`.toLowerCase();
  return values.only.split(';').some((words) => name.includes(words.trim().toLowerCase()));
}

async function compare(rows: readonly Row[]): Promise<void> {
  // Ours is to wait: what is measured comes first.
  setPriority(10);
  const lines: string[][] = [];
  const show = (shown: string[]): void => {
    lines.push(shown);
    if (!values.markdown) console.log(plainLine(shown));
  };
  if (!values.markdown) console.log(plainLine(header));
  for (const role of new Set<Role>(rows.map((row) => row.role))) {
    const quiet = { attack: 'none', role, attackers: 0, addresses: 0 };
    show(quietCells(role, await measure(quiet, seconds, 'none')));
  }
  let beyond = 0;
  for (const row of rows) {
    try {
      const attack = await measure(row, seconds, 'receiver');
      const control = await measure(row, seconds, attack);
      const result = { row, control, attack };
      show(cells(result));
      if (breaches(result).length > 0) beyond += 1;
    } catch (error) {
      beyond += 1;
      show([row.attack, row.role, `${row.attackers}`, String(error)]);
    }
  }
  if (values.markdown) console.log(markdown(lines));
  console.log(
    `\nAim: median and p95 at most ${mostTimesControl} times the control, no frame and no welcome that takes ` +
      `longer than ${longestWaitMs} ms, none lost. ${rows.length - beyond} of ${rows.length} rows keep it.`,
  );
}

if (values.role === 'camera') runCamera(JSON.parse(values.job) as CameraJob);
else if (values.role === 'attacker') runAttackers(JSON.parse(values.job) as AttackerJob);
else if (values.role === 'sink') runSink(JSON.parse(values.job) as SinkJob);
else {
  const rows = allRows.filter(wanted);
  if (rows.length === 0 || !(seconds > 0) || values.help) {
    const names = [...new Set(allRows.map(({ role, attack }) => `${role}/${attack}`))];
    console.error(
      `npm run bench -- hostile [--only WORDS[;WORDS…]] [--seconds N] [--markdown]\n${names.join('\n')}`,
    );
    process.exitCode = 2;
  } else await compare(rows);
}
