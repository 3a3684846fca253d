import { defineConfig } from 'vitest/config';

// Five projects. `unit` needs nothing but Node.js and no privilege. `mib` shows the MIB modules to the compilers of
// others, which are Debian packages. `integration` starts real snmpd, libvirtd and QEMU processes of its own (see
// test/lab) as root, and runs file by file, because two cores do not host two labs. `nms` imports contrib/ into real
// monitoring systems, and `faults` does to real peers and files what goes wrong in years; both take too long for every
// run.
export default defineConfig({
  test: {
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/**/*.gen.ts'],
      reporter: ['text-summary'],
      // A floor, not a goal: what only real peers can show is left to the integration tests.
      thresholds: { statements: 81, branches: 73, functions: 82, lines: 83 },
    },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/property/**/*.test.ts', 'test/golden/**/*.test.ts'],
          // Property tests take seconds, and minutes on a machine that has much else to do.
          testTimeout: 120_000,
          // Some build the program first, on machines that have much else to do.
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'mib',
          include: ['test/mib/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'nms',
          include: ['test/nms/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
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
