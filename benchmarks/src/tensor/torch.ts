// PyTorch as a peer: a Python process that prepares and times the same cases on request.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { OptionError } from '../errors.ts';
import type { TensorCase } from './case.ts';
import type { Elements, PreparedPeer, TensorPeer } from './peer.ts';

const script = fileURLToPath(new URL('torch_server.py', import.meta.url));

/** What the server understands; its answers are `{ answer }` or `{ error }`. */
type Request =
  | { readonly do: 'version' | 'peak' | 'release' }
  | { readonly do: 'results'; readonly path: string }
  | { readonly do: 'time'; readonly calls: number; readonly turnMs: number }
  | {
      readonly do: 'prepare';
      readonly threads: number;
      readonly operands: Readonly<Record<string, object>>;
      readonly setup: string;
      readonly call: string;
    };

/** A Python process with PyTorch. */
export class TorchPeer implements TensorPeer {
  readonly usesThreads: boolean = true;
  readonly versions: Readonly<Record<string, string>>;
  readonly #server: Server;
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'sconce-bench-'));

  private constructor(server: Server, version: string) {
    this.#server = server;
    this.versions = { pytorch: version };
  }

  /** Starts it. @throws OptionError when that Python cannot run, or has no PyTorch */
  static async start(python: string): Promise<TorchPeer> {
    const server = new Server(python);
    try {
      return new TorchPeer(server, (await server.ask({ do: 'version' })) as string);
    } catch (error) {
      server.stop();
      throw new OptionError('--python', (error as Error).message, 'a Python that has PyTorch', python);
    }
  }

  nameFor(): string {
    return 'pytorch';
  }

  async prepare(
    { operands, python }: TensorCase,
    data: Readonly<Record<string, Elements>>,
    threads: number,
  ): Promise<PreparedPeer> {
    const files = Object.entries(operands).map(([name, { shape, grad = false }]) => {
      const path = join(this.#folder, name);
      const elements = data[name]!;
      writeFileSync(path, elements);
      const dtype = elements instanceof Float32Array ? 'float32' : 'int64';
      return [name, { path, shape, dtype, grad }] as const;
    });
    await this.#server.ask({
      do: 'prepare',
      threads,
      operands: Object.fromEntries(files),
      setup: python.setup ?? '',
      call: python.call,
    });
    const path = join(this.#folder, 'results');
    return {
      results: async () => {
        await this.#server.ask({ do: 'results', path });
        return new Float32Array(new Uint8Array(readFileSync(path)).buffer);
      },
      lane: {
        samples: async (calls, turnMs) =>
          (await this.#server.ask({ do: 'time', calls, turnMs })) as readonly number[],
      },
      release: async () => void (await this.#server.ask({ do: 'release' })),
    };
  }

  /** The most resident memory that the process has held, in MiB. */
  async peakMib(): Promise<number> {
    return (await this.#server.ask({ do: 'peak' })) as number;
  }

  /** Ends the process and removes its files. */
  stop(): void {
    this.#server.stop();
    rmSync(this.#folder, { recursive: true });
  }
}

/** Requests and answers, one after the other. */
class Server {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #ended: Promise<never>;

  constructor(python: string) {
    this.#child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout! });
    this.#ended = new Promise((_, reject) => {
      this.#child.once('error', reject);
      this.#child.once('exit', (code) => reject(new Error(`the Python process ended, status ${code}`)));
    });
    // It is looked at only while an answer is awaited.
    this.#ended.catch(() => {});
    this.#child.stdin!.on('error', () => {});
  }

  /** @throws Error with the server's message, or when the process has ended */
  async ask(request: Request): Promise<unknown> {
    const line = once(this.#lines, 'line');
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
    const [text] = (await Promise.race([line, this.#ended])) as [string];
    const { answer, error } = JSON.parse(text) as { answer?: unknown; error?: string };
    if (error !== undefined) throw new Error(error);
    return answer;
  }

  stop(): void {
    this.#child.kill();
  }
}
