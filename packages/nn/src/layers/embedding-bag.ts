/** Folded rows of a learned table: `EmbeddingBag`. */
import { bindArguments, empty, float32, type Tensor } from '@sconce/tensor';
import { embeddingBag } from '../functional/index.ts';
import { normal_ } from '../init.ts';
import { type DTypeOption, type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { checkTable, clearRow, matrixSizes, normTexts, rowOf, type TableOptions } from './embedding.ts';

/** How the rows of a bag become one. */
export type BagMode = 'sum' | 'mean' | 'max';

/** Options of `EmbeddingBag` beside sizes and table. */
export interface BagOptions extends TableOptions {
  /** Default `'mean'`. */
  mode?: BagMode;
  /** Whether the last offset is the end of the last bag (default false). */
  includeLastOffset?: boolean;
}

/** Arguments of `EmbeddingBag` by name. */
export interface EmbeddingBagOptions extends BagOptions, DTypeOption {
  numEmbeddings: number;
  embeddingDim: number;
  /** The table instead of a drawn one: [numEmbeddings, embeddingDim]. */
  _weight?: Tensor | null;
}

const names = [
  'numEmbeddings',
  'embeddingDim',
  'maxNorm',
  'normType',
  'scaleGradByFreq',
  'mode',
  'sparse',
  '_weight',
  'includeLastOffset',
  'paddingIdx',
] as const;

/** Constructor arguments of `EmbeddingBag`. */
export type EmbeddingBagArguments = LayerArguments<
  [
    numEmbeddings: number,
    embeddingDim: number,
    maxNorm: number | null | undefined,
    normType: number | undefined,
    scaleGradByFreq: boolean | undefined,
    mode: BagMode | undefined,
    sparse: boolean | undefined,
    _weight: Tensor | null | undefined,
    includeLastOffset: boolean | undefined,
    paddingIdx: number | null | undefined,
  ],
  typeof names,
  EmbeddingBagOptions,
  'dtype'
>;

const defaults = {
  maxNorm: null,
  normType: 2,
  scaleGradByFreq: false,
  mode: 'mean',
  sparse: false,
  _weight: null,
  includeLastOffset: false,
  paddingIdx: null,
  dtype: float32,
} as const;

/** Options of `EmbeddingBag.fromPretrained`. */
export interface PretrainedBagOptions extends BagOptions {
  /** Whether the table is not learned further (default true). */
  freeze?: boolean;
}

/** Optional inputs of `EmbeddingBag`. */
export interface BagInputs {
  /** Where each bag begins in a vector of numbers. */
  readonly offsets?: Tensor | null;
  /** Factors of the rows, for sums. */
  readonly perSampleWeights?: Tensor | null;
}

/**
 * Sums, means or maxima of rows of a learned table (`torch.nn.EmbeddingBag`): a bag is a row of numbers [bags, n], or
 * lies between offsets in a vector of numbers; the result is [bags, embeddingDim].
 *
 * @throws {RangeError} for a padding row that the table does not have
 */
export class EmbeddingBag extends Module {
  static override readonly className: string = 'EmbeddingBag';

  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  readonly maxNorm: number | null;
  readonly normType: number;
  readonly scaleGradByFreq: boolean;
  readonly mode: BagMode;
  readonly sparse: boolean;
  readonly includeLastOffset: boolean;
  readonly paddingIdx: number | null;
  /** [numEmbeddings, embeddingDim] */
  declare weight: Parameter;

  constructor(...args: EmbeddingBagArguments) {
    super();
    const options = readArguments<EmbeddingBagOptions>('EmbeddingBag', names, defaults, args);
    const { numEmbeddings, embeddingDim, _weight, dtype } = options;
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.maxNorm = options.maxNorm;
    this.normType = options.normType;
    this.scaleGradByFreq = options.scaleGradByFreq;
    this.mode = options.mode;
    this.sparse = options.sparse;
    this.includeLastOffset = options.includeLastOffset;
    this.paddingIdx = rowOf('padding_idx', options.paddingIdx, numEmbeddings);
    if (_weight !== null) checkTable(_weight, numEmbeddings, embeddingDim);
    const table = _weight ?? empty([numEmbeddings, embeddingDim], { dtype });
    this.registerParameter('weight', new Parameter(table));
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
  static fromPretrained(embeddings: Tensor, options: PretrainedBagOptions = {}): EmbeddingBag {
    const [rows, width] = matrixSizes(embeddings);
    const { freeze = true, ...bag } = options;
    const made = new EmbeddingBag(rows, width, { ...bag, _weight: embeddings });
    made.weight.requiresGrad_(!freeze);
    return made;
  }

  override forward(
    indices: Tensor,
    ...rest: [offsets?: Tensor | null | BagInputs, perSampleWeights?: Tensor | null | BagInputs]
  ): Tensor {
    const { offsets = null, perSampleWeights = null } = readInputs(rest);
    const { maxNorm, normType, scaleGradByFreq, mode, sparse, includeLastOffset, paddingIdx } = this;
    return embeddingBag(indices, this.weight, {
      offsets,
      maxNorm,
      normType,
      scaleGradByFreq,
      mode,
      sparse,
      perSampleWeights,
      includeLastOffset,
      paddingIdx,
    });
  }

  override extraRepr(): string {
    const parts = [`${this.numEmbeddings}, ${this.embeddingDim}`, ...normTexts(this), `mode='${this.mode}'`];
    if (this.paddingIdx !== null) parts.push(`padding_idx=${this.paddingIdx}`);
    return parts.join(', ');
  }
}

function readInputs(rest: readonly unknown[]): BagInputs {
  return bindArguments<BagInputs>('EmbeddingBag', ['offsets', 'perSampleWeights'], rest);
}
