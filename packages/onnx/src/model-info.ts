/** What a model file says about itself besides its graph. */
import type { ModelProto, StringStringEntryProto } from '@sconce/onnx-proto';

/** Facts about a model file; empty strings where the file says nothing. */
export interface ModelInfo {
  readonly irVersion: number;
  /** Version per operator domain; the default domain is ''. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly domain: string;
  readonly modelVersion: number;
  readonly description: string;
  readonly graphName: string;
  /** The model's own key-value pairs. */
  readonly custom: ReadonlyMap<string, string>;
}

/** Reads key-value pairs. */
export function toMap(entries: readonly StringStringEntryProto[]): Map<string, string> {
  return new Map(entries.map(({ key, value }) => [key ?? '', value ?? '']));
}

/** ONNX's default domain has two names. */
export function normalDomain(domain: string | undefined): string {
  return domain === undefined || domain === 'ai.onnx' ? '' : domain;
}

/** Collects the facts. */
export function modelInfo(model: ModelProto): ModelInfo {
  return {
    irVersion: model.irVersion ?? 0,
    opsets: new Map(model.opsetImport.map(({ domain, version }) => [normalDomain(domain), version ?? 0])),
    producerName: model.producerName ?? '',
    producerVersion: model.producerVersion ?? '',
    domain: model.domain ?? '',
    modelVersion: model.modelVersion ?? 0,
    description: model.docString ?? '',
    graphName: model.graph?.name ?? '',
    custom: toMap(model.metadataProps),
  };
}
