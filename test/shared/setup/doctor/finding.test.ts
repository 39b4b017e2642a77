import { describe, expect, it } from 'vitest';
import { faultSummary, finding, findingLines } from '../../../../shared/setup/doctor/finding.js';

const findings = [
  finding('disk', 'ok', '3 GB free'),
  finding('receiver', 'fault', 'cannot be reached', 'receiver doctor'),
  finding('clock', 'warning', 'is not synchronised', undefined),
];

describe('findings', () => {
  it('are one line each, with the fix below', () => {
    expect(findingLines(findings, false)).toBe(
      'ok       disk      3 GB free\n' +
        'fault    receiver  cannot be reached\n' +
        '                   → receiver doctor\n' +
        'warning  clock     is not synchronised\n',
    );
    expect(findingLines(findings, true)).toContain('\u001b[32mok     \u001b[0m  disk');
    expect(findings[2]).not.toHaveProperty('todo');
  });

  it('have a summary only when there is a fault', () => {
    expect(faultSummary(findings)).toBe('1 fault and 1 warning');
    expect(faultSummary([...findings, ...findings])).toBe('2 faults and 2 warnings');
    expect(faultSummary(findings.filter(({ level }) => level !== 'fault'))).toBeUndefined();
  });
});
