/** The graph: an intermediate representation that speaks ONNX at its newest opset, and its executor. */
export {
  type AttributeKind,
  type AttributeKinds,
  type AttributeSpec,
  type AttributeSpecs,
  type AttributesOf,
  attribute,
  readAttributes,
} from './attributes.ts';
export { emptyGraph, GraphBuilder, type NodeOptions } from './builder.ts';
export { formatProblem, GraphError, type Problem } from './errors.ts';
export { formatType } from './feeds.ts';
export {
  type AttributeValue,
  type Dimension,
  type Graph,
  NEWEST_OPSET,
  type Node,
  type OnnxElementType,
  onnxElementTypes,
  operatorName,
  type ValueInfo,
} from './graph.ts';
export {
  type Call,
  defineOperator,
  type LoadContext,
  type OperatorDefinition,
  type OperatorOptions,
  OperatorTable,
} from './operator.ts';
export { operators, registerOperator } from './operators/index.ts';
export { printGraph, printNode } from './print.ts';
export { GraphSession, type GraphSessionOptions, type NodeProfile, type RunOptions } from './session.ts';
export { neededNodes, type Order, producers, topologicalOrder } from './topology.ts';
export { listNodes, type VerifyOptions, verify } from './verify.ts';
