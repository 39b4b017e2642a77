/** A doctor's finding: what was checked, its state, and the fix. Pure. */

export type Level = 'ok' | 'warning' | 'fault';

export interface Finding {
  /** What was checked, in a word or two: `camera`. */
  readonly check: string;
  /** `fault`: it cannot work. `warning`: it may work, or the check has no result. */
  readonly level: Level;
  /** The message; key of `--json`. */
  readonly says: string;
  /** The fix: a command or an action; key of `--json`. */
  readonly todo?: string;
}

/** @param fix left out of the finding when undefined */
export function finding(check: string, level: Level, message: string, fix?: string): Finding {
  return { check, level, says: message, ...(fix !== undefined && { todo: fix }) };
}

const colours: Record<Level, string> = { ok: '32', warning: '33', fault: '1;31' };

/** One line per finding, and one more for its fix. */
export function findingLines(findings: readonly Finding[], isColoured: boolean): string {
  const width = Math.max(0, ...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, level, says, todo }) => {
    const label = level.padEnd(7);
    const coloured = isColoured ? `\u001b[${colours[level]}m${label}\u001b[0m` : label;
    const first = `${coloured}  ${check.padEnd(width)}  ${says}`;
    return todo === undefined ? [first] : [first, `${' '.repeat(width + 11)}→ ${todo}`];
  });
  return lines.map((line) => `${line}\n`).join('');
}

/** `2 faults and 1 warning`; undefined without a fault. */
export function faultSummary(findings: readonly Finding[]): string | undefined {
  const count = (level: Level, noun: string): string[] => {
    const number = findings.filter((found) => found.level === level).length;
    return number === 0 ? [] : [`${number} ${noun}${number === 1 ? '' : 's'}`];
  };
  const faults = count('fault', 'fault');
  return faults.length === 0
    ? undefined
    : [...faults, ...count('warning', 'warning')].join(' and ');
}
