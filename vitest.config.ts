import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: process.env.CI ? ['verbose'] : ['default'],
    // Real processes and real fswebcam on a loaded two-core machine: generous, and no test asserts on time.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
