/** Serves a bundle and the fixtures on localhost, with or without cross-origin isolation. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, resolve, sep } from 'node:path';
import { fixturePath } from '@sconce/testing';

/** A server that runs. */
export interface PageServer {
  /** With a slash at its end. */
  readonly url: string;
  /** Paths that were asked for and are not there. */
  readonly missing: readonly string[];
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
};

/** Without these two a page gets no `SharedArrayBuffer`. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Serves `folder` at `/` and the fixtures at `/fixtures/`, with their list at `/fixtures/files.json`. */
export async function servePage(folder: string, isolated: boolean): Promise<PageServer> {
  const missing: string[] = [];
  const server = createServer((request, response) => {
    const asked = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    const path = asked === '/' ? '/index.html' : asked;
    const body = answer(folder, path);
    if (body === undefined) missing.push(path);
    response.writeHead(body === undefined ? 404 : 200, {
      'Content-Type': types[extname(path)] ?? 'application/octet-stream',
      ...(isolated ? isolation : {}),
    });
    response.end(body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}/`,
    missing,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function answer(folder: string, path: string): string | Uint8Array | undefined {
  const fixtures = '/fixtures/';
  if (path === `${fixtures}files.json`) return JSON.stringify(suiteFiles());
  return path.startsWith(fixtures)
    ? readInside(fixturePath('.'), path.slice(fixtures.length))
    : readInside(folder, path.slice(1));
}

function readInside(folder: string, path: string): Uint8Array | undefined {
  const root = resolve(folder);
  const file = join(root, path);
  if (!file.startsWith(root + sep) || !statSync(file, { throwIfNoEntry: false })?.isFile()) return undefined;
  return readFileSync(file);
}

/** The fixtures that the conformance suites and the printing test read. */
function suiteFiles(): string[] {
  const files = globSync('{layers,models,moduledb,onnx,opdb,optimdb,tensor}/**/*.*', {
    cwd: fixturePath('.'),
  });
  return files.map((file) => file.replaceAll(sep, '/')).sort();
}
