/** What both doctors look at on their machine: its clock, its disks, the units in systemd. */
import { statfs } from 'node:fs/promises';
import { describeError } from '../../cli/errors.js';
import { ago, counted, humanSize } from '../../cli/humanize.js';
import { type RunTool, ask } from '../../process/run-tool.js';
import { type Finding, finding } from './finding.js';
import type { UnitState } from './unit-state.js';

/** Below it a day of changes may not fit. */
const fewBytes = 500e6;
const veryFewBytes = 50e6;
const fewInodes = 10_000;
/** Names on disk are moments: a clock before this one's release was never set. */
const notBeforeMs = Date.UTC(2026, 0, 1);

/** Frames are named by the clock. */
export async function clockFinding(run: RunTool, nowMs: number): Promise<Finding> {
  const setIt = 'sudo timedatectl set-ntp true';
  const now = new Date(nowMs).toISOString();
  if (nowMs < notBeforeMs) return finding('clock', 'fault', `says ${now}: it was never set`, setIt);
  const args = ['show', '--property=NTPSynchronized', '--value'];
  const answer = (await ask(run, 'timedatectl', args))?.trim();
  if (answer === 'yes') return finding('clock', 'ok', 'is synchronised');
  if (answer === 'no') {
    return finding('clock', 'warning', 'is not synchronised: frames are named by it', setIt);
  }
  const says = `whether it is synchronised cannot be told; it says ${now}`;
  return finding('clock', 'warning', says, 'compare it with a watch');
}

/** Room for data and for names. @param path a directory that is there */
export async function spaceFinding(check: string, path: string): Promise<Finding> {
  try {
    const { bavail, bsize, files, ffree } = await statfs(path);
    const freeBytes = bavail * bsize;
    const text = `${humanSize(freeBytes)} free in ${path}`;
    const todo = `make room there: see df -h ${path}`;
    if (freeBytes < veryFewBytes) return finding(check, 'fault', `only ${text}`, todo);
    // Some file systems make names as they need them, and count none.
    if (files > 0 && ffree < fewInodes) {
      const says = `only ${counted(ffree, 'more file')} can be made in ${path}`;
      return finding(check, ffree < 100 ? 'fault' : 'warning', says, `see df -i ${path}`);
    }
    return freeBytes < fewBytes
      ? finding(check, 'warning', `only ${text}`, todo)
      : finding(check, 'ok', text);
  } catch (error) {
    return finding(check, 'fault', `cannot look at ${path}: ${describeError(error)}`);
  }
}

/**
 * The units that do something or should, each in a line, with what to type when it does not.
 * @param install what to type to have them at all
 */
export function unitFindings(
  units: readonly UnitState[] | undefined,
  nowMs: number,
  isUser: boolean,
  install: string,
): readonly Finding[] {
  if (units === undefined) return [finding('service', 'ok', 'there is no systemd here')];
  const wanted = units.filter(({ active, enabled }) => active !== 'inactive' || isOn(enabled));
  if (wanted.length === 0) {
    return [finding('service', 'ok', 'nothing here starts by itself', install)];
  }
  return wanted.map((unit) => unitFinding(unit, nowMs, isUser ? ' --user' : ''));
}

const isOn = (enabled: string): boolean => enabled.startsWith('enabled');

function unitFinding(unit: UnitState, nowMs: number, scope: string): Finding {
  const { name, active, enabled, result, restarts } = unit;
  const sudo = scope === '' ? 'sudo ' : '';
  if (active === 'failed') {
    const todo = `${sudo}journalctl${scope} -u ${name} -n 20`;
    return finding('service', 'fault', `${name} has failed (${result})`, todo);
  }
  const says = `${name} ${describeUnit(unit, nowMs)}`;
  if (active === 'inactive') {
    return finding('service', 'fault', says, `${sudo}systemctl${scope} start ${name}`);
  }
  // Between two attempts, or in one that does not come to being ready.
  if (active === 'activating' && restarts > 0) {
    return finding('service', 'fault', says, `${sudo}journalctl${scope} -u ${name} -n 20`);
  }
  if (enabled === 'disabled') {
    const todo = `${sudo}systemctl${scope} enable ${name}`;
    return finding('service', 'warning', `${says}; not after the next restart`, todo);
  }
  return finding('service', 'ok', says);
}

/** `is active (running) since 3 min ago, restarted 2 times: 12 frames seen`. */
export function describeUnit(unit: UnitState, nowMs: number): string {
  const { active, sub, sinceMs, restarts, statusText, connections } = unit;
  const parts = [`is ${active} (${sub})`];
  if (sinceMs !== undefined) parts.push(` since ${ago(sinceMs, nowMs)}`);
  if (restarts > 0) parts.push(`, restarted ${counted(restarts, 'time')}`);
  if (connections !== undefined) parts.push(`, ${counted(connections, 'connection')}`);
  if (statusText !== '') parts.push(`: ${statusText}`);
  return parts.join('');
}

/** For a status: every unit that does something, should, or failed. */
export function serviceLines(units: readonly UnitState[], nowMs: number): readonly string[] {
  const shown = units.filter(({ active, enabled }) => active !== 'inactive' || isOn(enabled));
  if (shown.length === 0) return ['no service is set up or running'];
  return shown.map((unit) => `${unit.name} ${describeUnit(unit, nowMs)}`);
}
