/** What a host reports, as JSON: what Sconce computed in a page or in Node. */
import type { SuiteReport } from '@sconce/conformance';
import type { EngineInfo } from '@sconce/engine';
import type { Detection } from '@sconce/vision';

/** A tensor, bit for bit. */
export interface TensorBits {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: readonly number[];
}

/** What kernels gave on one thread and on two. */
export interface ThreadResults {
  /** Threads after two were asked for, and those of them that had started in the end. */
  readonly threads: number;
  readonly ready: number;
  /** Why two were refused, if they were. */
  readonly refusal: string | undefined;
  /** Digests of results, computed on one thread and on as many as there were. */
  readonly alone: readonly string[];
  readonly together: readonly string[];
}

/** What every host computes. */
export interface CommonResults {
  readonly engine: EngineInfo;
  readonly threads: ThreadResults;
  /** Each tensor of `fixtures/tensor/printing.json`, printed. */
  readonly printedTensors: readonly string[];
  readonly suites: readonly SuiteReport[];
  readonly module: ModuleResults;
  readonly training: TrainingResults;
  readonly digits: DigitsResults;
  /** The tensors of each checkpoint file. */
  readonly checkpoints: Readonly<Record<string, Readonly<Record<string, TensorBits>>>>;
  /** The SHA-256 of the photograph's RGB values, by the way it was read. */
  readonly photographs: Readonly<Record<string, string>>;
  /** What the cat detector finds in the photograph, by the way the photograph was read. */
  readonly detections: Readonly<Record<string, readonly Detection[]>>;
}

/** A module with seeded weights. */
export interface ModuleResults {
  readonly printed: string;
  readonly state: Readonly<Record<string, TensorBits>>;
  readonly output: readonly number[];
  /** The module as `exportOnnx` writes it. */
  readonly exported: readonly number[];
  /** What that file gives for the module's input. */
  readonly exportedOutput: readonly number[];
}

/** A training of many steps. */
export interface TrainingResults {
  /** Of the first and the last step. */
  readonly losses: readonly number[];
  /** The most bytes that the engine held: in the first tenth of the steps, up to their half, and after it. */
  readonly held: { readonly start: number; readonly first: number; readonly second: number };
}

/** The digits model, read by URL. */
export interface DigitsResults {
  readonly inputNames: readonly string[];
  readonly outputs: Readonly<Record<string, readonly number[]>>;
}

/** What a page computes, and what it has. */
export interface PageResults extends CommonResults {
  readonly crossOriginIsolated: boolean;
  readonly hasSharedArrayBuffer: boolean;
  /** Cores, as the browser tells. */
  readonly cores: number;
  /** Workers that the page had in the end. */
  readonly workers: number;
  /** What `@sconce/vision` exports to a bundle for browsers. */
  readonly visionExports: readonly string[];
}
