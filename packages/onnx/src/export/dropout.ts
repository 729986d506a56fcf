/** Dropout: outside training it gives its input back and writes nothing; its random form has no counterpart. */
import type { Exporter, Exporters } from './export-call.ts';

const refuse: Exporter = (call) => call.fail('dropout in training mode is random and cannot be written');

export const dropout: Exporters = {
  dropout: refuse,
  dropout1d: refuse,
  dropout2d: refuse,
  dropout3d: refuse,
  alphaDropout: refuse,
  featureAlphaDropout: refuse,
};
