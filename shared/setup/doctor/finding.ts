/** What a doctor finds: one thing looked at, how it is, and what to type. Pure. */

export type Level = 'ok' | 'warning' | 'fault';

export interface Finding {
  /** What was looked at, in a word or two: `camera`. */
  readonly check: string;
  /** `fault`: it cannot work like this. `warning`: it may, or it could not be told. */
  readonly level: Level;
  readonly says: string;
  /** What to type or do. */
  readonly todo?: string;
}

/** Its todo, where there is one, is left out when it is undefined: for values that may be. */
export function finding(check: string, level: Level, says: string, todo?: string): Finding {
  return { check, level, says, ...(todo !== undefined && { todo }) };
}

const colours: Record<Level, string> = { ok: '32', warning: '33', fault: '1;31' };

/** A line a finding, and one more for what to type. */
export function findingLines(findings: readonly Finding[], isColoured: boolean): string {
  const width = Math.max(0, ...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, level, says, todo }) => {
    const word = level.padEnd(7);
    const shown = isColoured ? `\u001b[${colours[level]}m${word}\u001b[0m` : word;
    const first = `${shown}  ${check.padEnd(width)}  ${says}`;
    return todo === undefined ? [first] : [first, `${' '.repeat(width + 11)}→ ${todo}`];
  });
  return lines.map((line) => `${line}\n`).join('');
}

/** `2 faults and 1 warning`; undefined without a fault. */
export function faultSummary(findings: readonly Finding[]): string | undefined {
  const count = (level: Level, noun: string): string[] => {
    const number = findings.filter((each) => each.level === level).length;
    return number === 0 ? [] : [`${number} ${noun}${number === 1 ? '' : 's'}`];
  };
  const faults = count('fault', 'fault');
  return faults.length === 0
    ? undefined
    : [...faults, ...count('warning', 'warning')].join(' and ');
}
