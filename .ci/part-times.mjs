// A reporter for the test runner: how long each folder of test/ took, in seconds of its files' own time.
import { relative } from 'node:path';

export default class PartTimes {
  onTestRunEnd(modules) {
    const seconds = new Map();
    for (const module of modules) {
      const [, folder = '', inner = ''] = relative(process.cwd(), module.moduleId).split('/');
      const part = ['agent', 'receiver', 'shared'].includes(folder) ? `${folder}/${inner}` : folder;
      seconds.set(part, (seconds.get(part) ?? 0) + module.diagnostic().duration / 1000);
    }
    console.log('\nSeconds of each part of the tests:');
    for (const [part, total] of [...seconds].sort((a, b) => b[1] - a[1])) {
      console.log(`${total.toFixed(1).padStart(8)}  ${part}`);
    }
  }
}
