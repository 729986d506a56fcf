/** ONNX in and out: importer, `InferenceSession`, exporter. */
export { OnnxError } from './errors.ts';
export type { DynamicAxes } from './export/dimensions.ts';
export { type ExportOptions, exportOnnx, moduleToGraph } from './export/model.ts';
export { type ExportGraphOptions, exportGraph } from './export-graph.ts';
export { type ImportedModel, type ImportOptions, importModel, importOnnx } from './import.ts';
export type { ModelInfo } from './model-info.ts';
export { type ModuleNode, moduleTree, printModuleTree } from './module-tree.ts';
export { InferenceSession, type InferenceSessionOptions } from './session.ts';
export { readTensorProto } from './tensor-file.ts';
export { type ExternalData, tensorFromProto, tensorToProto } from './tensor-proto.ts';
