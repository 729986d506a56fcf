/** Rows of a learned table by their numbers: `Embedding`. */
import { empty, float32, noGrad, type Tensor } from '@sconce/tensor';
import { embedding } from '../functional/index.ts';
import { normal_ } from '../init.ts';
import { type DTypeOption, type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { pythonFloat, pythonText } from '../module/python-text.ts';

/** Options of the table that all embeddings share. */
export interface TableOptions {
  /** A row that is zero at first and gets no gradient; negative numbers count from the end (default null: none). */
  paddingIdx?: number | null;
  /** Rows of a larger norm are scaled down to it, in the table, when they are looked up (default null: none). */
  maxNorm?: number | null;
  /** Which norm (default 2). */
  normType?: number;
  /** Whether a row's gradient is divided by how often it was looked up (default false). */
  scaleGradByFreq?: boolean;
  /** Printed as in PyTorch; gradients are dense (default false). */
  sparse?: boolean;
}

/** Arguments of `Embedding` by name. */
export interface EmbeddingOptions extends TableOptions, DTypeOption {
  numEmbeddings: number;
  embeddingDim: number;
  /** The table instead of a drawn one: [numEmbeddings, embeddingDim]. */
  _weight?: Tensor | null;
  /** Whether the table is not learned (default false). */
  _freeze?: boolean;
}

const names = [
  'numEmbeddings',
  'embeddingDim',
  'paddingIdx',
  'maxNorm',
  'normType',
  'scaleGradByFreq',
  'sparse',
  '_weight',
  '_freeze',
] as const;

/** Constructor arguments of `Embedding`. */
export type EmbeddingArguments = LayerArguments<
  [
    numEmbeddings: number,
    embeddingDim: number,
    paddingIdx: number | null | undefined,
    maxNorm: number | null | undefined,
    normType: number | undefined,
    scaleGradByFreq: boolean | undefined,
    sparse: boolean | undefined,
    _weight: Tensor | null | undefined,
    _freeze: boolean | undefined,
  ],
  typeof names,
  EmbeddingOptions,
  'dtype'
>;

const defaults = {
  paddingIdx: null,
  maxNorm: null,
  normType: 2,
  scaleGradByFreq: false,
  sparse: false,
  _weight: null,
  _freeze: false,
  dtype: float32,
} as const;

/** Options of `Embedding.fromPretrained`. */
export interface PretrainedEmbeddingOptions extends TableOptions {
  /** Whether the table is not learned further (default true). */
  freeze?: boolean;
}

/**
 * Rows of a learned table: int64 or int32 numbers [*] to [*, embeddingDim] (`torch.nn.Embedding`).
 *
 * @throws {RangeError} for a padding row that the table does not have
 */
export class Embedding extends Module {
  static override readonly className: string = 'Embedding';

  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  readonly paddingIdx: number | null;
  readonly maxNorm: number | null;
  readonly normType: number;
  readonly scaleGradByFreq: boolean;
  readonly sparse: boolean;
  /** [numEmbeddings, embeddingDim] */
  declare weight: Parameter;

  constructor(...args: EmbeddingArguments) {
    super();
    const options = readArguments<EmbeddingOptions>('Embedding', names, defaults, args);
    const { numEmbeddings, embeddingDim, _weight, _freeze, dtype } = options;
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.paddingIdx = rowOf('Padding_idx', options.paddingIdx, numEmbeddings);
    this.maxNorm = options.maxNorm;
    this.normType = options.normType;
    this.scaleGradByFreq = options.scaleGradByFreq;
    this.sparse = options.sparse;
    if (_weight !== null) checkTable(_weight, numEmbeddings, embeddingDim);
    const table = _weight ?? empty([numEmbeddings, embeddingDim], { dtype });
    this.registerParameter('weight', new Parameter(table, !_freeze));
    if (_weight === null) this.resetParameters();
  }

  /** Draws new rows as PyTorch does, from the standard normal distribution; the padding row becomes zero. */
  resetParameters(): void {
    normal_(this.weight);
    clearRow(this.weight, this.paddingIdx);
  }

  /**
   * A layer with a table that exists: [rows, width], shared, not copied.
   *
   * @throws {TypeError} for a table that is not a matrix
   */
  static fromPretrained(embeddings: Tensor, options: PretrainedEmbeddingOptions = {}): Embedding {
    const [rows, width] = matrixSizes(embeddings);
    const { freeze = true, ...table } = options;
    return new Embedding(rows, width, { ...table, _weight: embeddings, _freeze: freeze });
  }

  override forward(indices: Tensor): Tensor {
    const { weight, paddingIdx, maxNorm, normType, scaleGradByFreq, sparse } = this;
    return embedding(indices, weight, { paddingIdx, maxNorm, normType, scaleGradByFreq, sparse });
  }

  override extraRepr(): string {
    const parts = [`${this.numEmbeddings}, ${this.embeddingDim}`];
    if (this.paddingIdx !== null) parts.push(`padding_idx=${this.paddingIdx}`);
    parts.push(...normTexts(this));
    if (this.sparse) parts.push('sparse=True');
    return parts.join(', ');
  }
}

/** The row that a number means, which may count from the end. @throws {RangeError} for one that the table lacks */
export function rowOf(name: string, row: number | null, rows: number): number | null {
  if (row === null) return null;
  if (row >= rows || row < -rows) throw new RangeError(`${name} must be within num_embeddings`);
  return row < 0 ? row + rows : row;
}

/** Refuses a table of another shape. */
export function checkTable(table: Tensor, rows: number, width: number): void {
  if (table.ndim !== 2 || table.shape[0] !== rows || table.shape[1] !== width) {
    throw new TypeError('Shape of weight does not match num_embeddings and embedding_dim');
  }
}

/** Rows and width of a table. @throws {TypeError} for what is not a matrix */
export function matrixSizes(table: Tensor): readonly [rows: number, width: number] {
  if (table.ndim !== 2) throw new TypeError('Embeddings parameter is expected to be 2-dimensional');
  return table.shape as readonly [number, number];
}

/** Makes a row zero. */
export function clearRow(table: Tensor, row: number | null): void {
  if (row !== null) noGrad(() => table.select(0, row).fill_(0));
}

/** The printed text of the limits of norms and of gradients. */
export function normTexts(layer: {
  readonly maxNorm: number | null;
  readonly normType: number;
  readonly scaleGradByFreq: boolean;
}): string[] {
  const parts: string[] = [];
  if (layer.maxNorm !== null) parts.push(`max_norm=${pythonFloat(layer.maxNorm)}`);
  if (layer.normType !== 2) parts.push(`norm_type=${pythonText(layer.normType)}`);
  if (layer.scaleGradByFreq) parts.push('scale_grad_by_freq=True');
  return parts;
}
