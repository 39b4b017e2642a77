/** A lab with both machines in it: the built programs, and the shipped units as docs/systemd.md has them copied. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { root } from '../support/programs.js';
import { Lab, type LabSettings, builtPrograms } from './lab.js';

export const captures = '/var/lib/surveillance';

const install = `
  set -e
  for program in agent receiver; do ln -s ../lib/picchanged/$program.js /usr/local/bin/$program; done
  cd /usr/local/lib/picchanged-units
  cp *.service *.timer *.socket *.path examples/* /etc/systemd/system/
  mkdir -p /etc/sysusers.d /etc/picchanged
  cp picchanged.sysusers.conf /etc/sysusers.d/picchanged.conf
  systemd-sysusers
  systemctl daemon-reload`;

/** Nothing is started yet. */
export async function bootShipped({ copies = [], flags = [] }: LabSettings = {}): Promise<Lab> {
  const units = { from: `${root}systemd`, to: '/usr/local/lib/picchanged-units' };
  const fixtures = { from: `${root}test/fixtures`, to: '/srv/fixtures' };
  const lab = await Lab.boot({ copies: [builtPrograms, units, fixtures, ...copies], flags });
  await lab.must('bash', '--norc', '-c', install);
  return lab;
}

export function writeInLab(lab: Lab, path: string, content: string | Buffer): void {
  mkdirSync(dirname(lab.path(path)), { recursive: true });
  writeFileSync(lab.path(path), content);
}

/** Settings of a camera, as in `/etc/picchanged/<name>.env`; quick shots of /srv/<name>.jpg at this receiver. */
export function configure(lab: Lab, name: string, settings: Readonly<Record<string, string>> = {}) {
  const all = {
    AGENT_HOST: 'localhost',
    AGENT_DEVICE: `FILE:/srv/${name}.jpg`,
    AGENT_RESOLUTION: '640x480',
    AGENT_SKIP: '0',
    AGENT_INTERVAL: '200ms',
    ...settings,
  };
  const lines = Object.entries(all).map(([key, value]) => `${key}=${value}\n`);
  writeInLab(lab, `/etc/picchanged/${name}.env`, lines.join(''));
}

/** What the camera `name` sees: the yard with nobody in it, or with a visitor. */
export function show(lab: Lab, name: string, what: 'yard' | 'visitor'): void {
  const file = what === 'yard' ? 'f00205.jpg' : 'f00277.jpg';
  // At once: a shot may be going on.
  const unfinished = `/srv/${name}.unfinished`;
  writeInLab(lab, unfinished, readFileSync(`${root}test/fixtures/visit/${file}`));
  renameSync(lab.path(unfinished), lab.path(`/srv/${name}.jpg`));
}

/** Adds lines to a unit, as `systemctl edit` does. */
export async function edit(lab: Lab, unit: string, lines: readonly string[]): Promise<void> {
  writeInLab(lab, `/etc/systemd/system/${unit}.d/test.conf`, `${lines.join('\n')}\n`);
  await lab.must('systemctl', 'daemon-reload');
}

/** The JPEGs below a folder of the lab. */
export function jpegs(lab: Lab, folder = captures): string[] {
  try {
    return filesBelow(lab.path(folder)).filter((name) => name.endsWith('.jpg'));
  } catch {
    return []; // not made yet
  }
}

/** Waits until a camera has at least so many frames at the receiver. */
export function arrived(lab: Lab, camera: string, count: number): Promise<string[]> {
  return arrivedIn(lab, `${captures}/${camera}`, count);
}

/** Waits until a folder has at least so many frames. */
export function arrivedIn(lab: Lab, folder: string, count: number): Promise<string[]> {
  return eventually(() => {
    const found = jpegs(lab, folder);
    return found.length >= count && found;
  }, `${count} frames in ${folder}`);
}
