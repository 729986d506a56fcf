/**
 * Reads model files by path or URL. Node's file system is reached through `process.getBuiltinModule`, so that no
 * bundler ever sees a `node:` import.
 */
import { OnnxError } from './errors.ts';

type FileSystem = typeof import('node:fs');
type Paths = typeof import('node:path');
type UrlTools = typeof import('node:url');

interface NodeProcess {
  getBuiltinModule?(name: string): unknown;
}

function builtin<T>(name: string): T | undefined {
  return (globalThis as { process?: NodeProcess }).process?.getBuiltinModule?.(name) as T | undefined;
}

/** A model's bytes and a way to the files beside it. */
export interface ModelFile {
  /** Path or URL, for messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Reads a file of the model's folder; `undefined` when it is not there. */
  readBeside(location: string): Promise<Uint8Array | undefined>;
}

/**
 * Reads a file: a path or `file:` URL in Node, an `http(s):` URL (or whatever `fetch` takes) everywhere.
 *
 * @throws OnnxError naming the file when it cannot be read
 */
export async function readModelFile(source: string | URL): Promise<ModelFile> {
  const name = String(source);
  const fs = builtin<FileSystem>('node:fs');
  const isRemote = /^(https?|data|blob):/i.test(name);
  if (fs === undefined || isRemote) return fetchFile(name);
  const path = /^file:/i.test(name) ? builtin<UrlTools>('node:url')!.fileURLToPath(name) : name;
  try {
    return {
      name: path,
      bytes: await fs.promises.readFile(path),
      readBeside: (location) => readInside(fs, path, location),
    };
  } catch (error) {
    throw new OnnxError(`cannot read the file: ${reason(error)}`, { file: path, cause: error });
  }
}

function reason(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  if (code === 'ENOENT') return 'it does not exist';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES') return 'permission denied';
  return message;
}

/** Reads a file of the model's folder, following no link out of it. */
async function readInside(fs: FileSystem, model: string, location: string): Promise<Uint8Array | undefined> {
  const paths = builtin<Paths>('node:path')!;
  const folder = await fs.promises.realpath(paths.dirname(model));
  const wanted = paths.resolve(folder, location);
  let real: string;
  try {
    real = await fs.promises.realpath(wanted);
  } catch {
    return undefined;
  }
  if (real !== wanted && !real.startsWith(folder + paths.sep))
    throw new OnnxError(`external data: '${location}' is a link that leaves the model's folder`, {
      file: model,
    });
  return fs.promises.readFile(real);
}

async function fetchFile(url: string): Promise<ModelFile> {
  const bytes = await fetchBytes(url);
  if (bytes === undefined) throw new OnnxError('cannot read the file: it does not exist', { file: url });
  return {
    name: url,
    bytes,
    readBeside: (location) => fetchBytes(new URL(location, new URL(url, globalThis.location?.href)).href),
  };
}

async function fetchBytes(url: string): Promise<Uint8Array | undefined> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new OnnxError(`cannot read the file: ${(error as Error).message}`, { file: url, cause: error });
  }
  if (response.status === 404) return undefined;
  if (!response.ok)
    throw new OnnxError(`cannot read the file: HTTP status ${response.status}`, { file: url });
  return new Uint8Array(await response.arrayBuffer());
}
