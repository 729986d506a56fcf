/** The versions of ONNX that this package reads and writes. */
import { NEWEST_OPSET } from '@sconce/graph';

/** Oldest version of the default operator set that is imported. */
export const OLDEST_IMPORTED_OPSET = 9;
/** Oldest version that is written. */
export const OLDEST_EXPORTED_OPSET = 18;
/** Version written unless another is asked for: PyTorch's own default. */
export const DEFAULT_EXPORTED_OPSET = 20;

/** First IR version that may carry an operator set (`onnx.helper.VERSION_TABLE`), for those newer than IR 10's. */
const irOfOpset: Readonly<Record<number, number>> = { 23: 11, 24: 12, 25: 13, 26: 13, 27: 13, 28: 14 };

/** IR version to write for an operator set; 10 as PyTorch's exporter does wherever that is enough. */
export function irVersionFor(opset: number): number {
  return irOfOpset[opset] ?? 10;
}

/** Whether an operator set can be written. */
export function isExportable(opset: number): boolean {
  return Number.isInteger(opset) && opset >= OLDEST_EXPORTED_OPSET && opset <= NEWEST_OPSET;
}
