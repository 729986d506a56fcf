// `npm start` and `npm test` on a fresh machine: plain JavaScript for Node 20 and npm alone. Installs with the pinned
// pnpm when a manifest or the lockfile changed, builds what changed, then runs the job under the workspace's own Node.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = join(root, 'node_modules', '.install-stamp');
const [job, ...args] = process.argv.slice(2);

const jobs = {
  start: () => run('node', [join('apps', 'cli', 'dist', 'main.js'), 'demo', ...args]),
  test: () => run('vitest', ['run', ...args]),
};

if (!Object.hasOwn(jobs, job ?? '')) {
  console.error(
    `run.mjs: unknown job ${JSON.stringify(job)}, expected one of ${Object.keys(jobs).join(', ')}`,
  );
  process.exit(2);
}
install();
run('turbo', ['run', 'build', '--output-logs=errors-only', '--log-prefix=none'], { stdio: ['ignore', 2, 2] });
jobs[job]();

/** Installs unless the manifests and the lockfile are those of the last successful install. */
function install() {
  const stamp = manifestHash();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  run('npx', ['--yes', packageManager, 'install', '--frozen-lockfile'], { stdio: ['ignore', 2, 2] });
  writeFileSync(stampFile, stamp);
}

function manifestHash() {
  const hash = createHash('sha256');
  const manifests = ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => join(group, name, 'package.json')),
  );
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...manifests]) {
    if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}

/** Runs one command with the workspace's binaries first on the path; a failure ends this process with its status. */
function run(command, parameters, options = {}) {
  const { status, error } = spawnSync(command, parameters, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: {
      ...process.env,
      INIT_CWD: process.env.INIT_CWD ?? process.cwd(),
      TURBO_TELEMETRY_DISABLED: '1',
      TURBO_NO_UPDATE_NOTIFIER: '1',
      PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
    },
    ...options,
  });
  if (error) console.error(`run.mjs: cannot start ${command}: ${error.message}`);
  if (error || status !== 0) process.exit(status || 1);
}
