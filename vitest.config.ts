import { defineConfig } from 'vitest/config';

// Two projects: `unit` needs nothing but Node.js; `integration` starts real snmpd,
// libvirtd and QEMU processes of its own (see test/lab) and runs file by file,
// because two cores do not host two labs.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/property/**/*.test.ts', 'test/golden/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
