import { defineConfig } from 'vitest/config';

/** Apart from the workspace's other tests, because these need a browser: `pnpm test:browser`. */
export default defineConfig({
  resolve: { conditions: ['@sconce/source'] },
  ssr: { resolve: { conditions: ['@sconce/source'], externalConditions: ['@sconce/source'] } },
  test: {
    include: ['src/**/*.test.ts'],
    globalSetup: ['src/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
