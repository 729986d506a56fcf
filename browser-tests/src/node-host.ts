/** Runs the page's checks in Node, in the consumer: from the tarballs, without a bundler. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fixturePath } from '@sconce/testing';
import type { CommonResults } from '../page/results.ts';

/** @param engine what `SCONCE_ENGINE` asks for; the engine's own choice when left out */
export async function runInNode(consumer: string, engine?: string): Promise<CommonResults> {
  const { SCONCE_ENGINE: _, ...environment } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, ['node.ts', fixturePath('.')], {
    cwd: consumer,
    env: engine === undefined ? environment : { ...environment, SCONCE_ENGINE: engine },
    maxBuffer: 1 << 28,
  });
  return JSON.parse(stdout) as CommonResults;
}
