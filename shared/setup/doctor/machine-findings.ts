/** Checks of the machine for both doctors: clock, disks, systemd units. */
import { statfs } from 'node:fs/promises';
import { describeError } from '../../cli/errors.js';
import { ago, counted, humanSize } from '../../cli/humanize.js';
import { type RunTool, ask } from '../../process/run-tool.js';
import { type Finding, finding } from './finding.js';
import { type UnitState, isUsed } from './unit-state.js';

/** A warning below it: a day of changes may not fit. */
const warnBytes = 500e6;
const faultBytes = 50e6;
const warnInodes = 10_000;
/** Earlier than the first release: the clock was never set. */
const earliestMs = Date.UTC(2026, 0, 1);

/** Frames are named by the clock. */
export async function clockFinding(run: RunTool, nowMs: number): Promise<Finding> {
  const setIt = 'sudo timedatectl set-ntp true';
  const now = new Date(nowMs).toISOString();
  if (nowMs < earliestMs) return finding('clock', 'fault', `is at ${now}: it was never set`, setIt);
  const args = ['show', '--property=NTPSynchronized', '--value'];
  const answer = (await ask(run, 'timedatectl', args))?.trim();
  if (answer === 'yes') return finding('clock', 'ok', 'is synchronised');
  if (answer === 'no') {
    return finding('clock', 'warning', 'is not synchronised; frames are named by its time', setIt);
  }
  const message = `synchronisation cannot be checked; the clock is at ${now}`;
  return finding('clock', 'warning', message, 'compare it with the correct time');
}

/** Checks free bytes and free inodes. @param path an existing directory */
export async function spaceFinding(check: string, path: string): Promise<Finding> {
  try {
    const { bavail, bsize, files, ffree } = await statfs(path);
    const freeBytes = bavail * bsize;
    const text = `${humanSize(freeBytes)} free in ${path}`;
    const fix = `free space: see df -h ${path}`;
    if (freeBytes < faultBytes) return finding(check, 'fault', `only ${text}`, fix);
    // Some file systems allocate inodes dynamically and report 0.
    if (files > 0 && ffree < warnInodes) {
      const message = `only ${counted(ffree, 'more file')} can be created in ${path}`;
      return finding(check, ffree < 100 ? 'fault' : 'warning', message, `see df -i ${path}`);
    }
    return freeBytes < warnBytes
      ? finding(check, 'warning', `only ${text}`, fix)
      : finding(check, 'ok', text);
  } catch (error) {
    return finding(
      check,
      'fault',
      `cannot read the free space of ${path}: ${describeError(error)}`,
    );
  }
}

/**
 * One finding for each unit that is active or enabled, with the fix when it does not work.
 * @param install the command that installs the units
 */
export function unitFindings(
  units: readonly UnitState[] | undefined,
  nowMs: number,
  isUser: boolean,
  install: string,
): readonly Finding[] {
  if (units === undefined) return [finding('service', 'ok', 'systemd does not run here')];
  const used = units.filter(isUsed);
  if (used.length === 0) {
    return [finding('service', 'ok', 'no service is enabled or running', install)];
  }
  return used.map((unit) => unitFinding(unit, nowMs, isUser ? ' --user' : ''));
}

function unitFinding(unit: UnitState, nowMs: number, scope: string): Finding {
  const { name, active, sub, enabled, result, restarts } = unit;
  const sudo = scope === '' ? 'sudo ' : '';
  if (active === 'failed') {
    const fix = `${sudo}journalctl${scope} -u ${name} -n 20`;
    return finding('service', 'fault', `${name} has failed (${result})`, fix);
  }
  const message = `${name} ${describeUnit(unit, nowMs)}`;
  if (active === 'inactive') {
    return finding('service', 'fault', message, `${sudo}systemctl${scope} start ${name}`);
  }
  // Waiting for a restart, or not ready after one.
  if (active === 'activating' && (restarts > 0 || sub.startsWith('auto-restart'))) {
    return finding('service', 'fault', message, `${sudo}journalctl${scope} -u ${name} -n 20`);
  }
  // The camera's own finding has the reason and the fix.
  if (unit.statusText.startsWith('no frame:')) {
    const short = describeUnit({ ...unit, statusText: 'without a frame' }, nowMs);
    return finding('service', 'warning', `${name} ${short}`);
  }
  if (enabled === 'disabled') {
    const fix = `${sudo}systemctl${scope} enable ${name}`;
    return finding('service', 'warning', `${message}; not enabled: it will not start at boot`, fix);
  }
  return finding('service', 'ok', message);
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

/** Lines of `status`: one for each unit that is active, enabled or failed. */
export function serviceLines(units: readonly UnitState[], nowMs: number): readonly string[] {
  const used = units.filter(isUsed);
  if (used.length === 0) return ['no service is enabled or running'];
  return used.map((unit) => `${unit.name} ${describeUnit(unit, nowMs)}`);
}
