/** Drop-ins with what differs; the lab's tests show that systemd reads them so. */
import { describe, expect, it } from 'vitest';
import { dropInFor } from '../../../../shared/setup/install/drop-in.js';

const unit = '# What.\n[Unit]\nAfter=a\n\n[Service]\nUser=x\nEnvironment=A=1\nEnvironment=B=2\n';

describe('a drop-in', () => {
  it('has what differs, and takes back what the unit has', () => {
    expect(dropInFor(unit, unit.replace('# What.', '# Why.'))).toBeUndefined();
    expect(dropInFor(unit, unit.replace('User=x', 'User=y'))).toBe('[Service]\nUser=y\n');
    expect(dropInFor(unit, `${unit}ReadWritePaths=/srv\n`)).toBe(
      '[Service]\nReadWritePaths=/srv\n',
    );
    expect(dropInFor(unit, unit.replace('Environment=B=2\n', ''))).toBe(
      '[Service]\nEnvironment=\nEnvironment=A=1\n',
    );
    expect(dropInFor(unit, unit.replace('Environment=A=1\nEnvironment=B=2\n', ''))).toBe(
      '[Service]\nEnvironment=\n',
    );
    const both = unit.replace('After=a', 'After=b').replace('User=x', 'User=y');
    expect(dropInFor(unit, both)).toBe('[Unit]\nAfter=\nAfter=b\n\n[Service]\nUser=y\n');
  });

  it('adds mounts, which cannot be taken back', () => {
    const mounts = '[Unit]\nRequiresMountsFor=/var/lib/x\n';
    expect(dropInFor(mounts, mounts.replace('/var/lib/x', '/srv'))).toBe(
      '[Unit]\nRequiresMountsFor=/srv\n',
    );
  });

  it('says all triggers of a timer again: an empty one takes all of them back', () => {
    const timer = '[Timer]\nOnActiveSec=1min\nOnUnitInactiveSec=10s\nAccuracySec=1s\n';
    expect(dropInFor(timer, timer.replace('=10s', '=3s'))).toBe(
      '[Timer]\nOnUnitInactiveSec=\nOnUnitInactiveSec=3s\nOnActiveSec=1min\n',
    );
  });
});
