import { defineConfig } from 'vitest/config';

/** Tests run against the sources of every package (condition `@sconce/source`), so they need no build. */
export default defineConfig({
  resolve: { conditions: ['@sconce/source'] },
  ssr: { resolve: { conditions: ['@sconce/source'], externalConditions: ['@sconce/source'] } },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'apps/*/src/**/*.test.ts',
      'benchmarks/src/**/*.test.ts',
      'scripts/**/*.test.ts',
    ],
    setupFiles: ['./scripts/seed-properties.ts'],
    testTimeout: 30_000,
    // Vitest leaves one core idle, which on two is half of them.
    maxWorkers: '100%',
  },
});
