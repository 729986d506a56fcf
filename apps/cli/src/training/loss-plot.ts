/** The curves of a training as an SVG picture. */
import { plotCharts, type Series } from './chart.ts';
import type { EpochRecord } from './checkpoint.ts';

/** Two charts below each other: losses (each batch, and means of epochs), and accuracies. */
export function plotLosses(history: readonly EpochRecord[], title: string): string {
  const batches = history.flatMap(({ epoch, losses }) =>
    losses.map((loss, i): [number, number] => [epoch - 1 + (i + 1) / losses.length, loss]),
  );
  const means = (pick: (record: EpochRecord) => number | null): [number, number][] =>
    history.flatMap((record) => {
      const value = pick(record);
      return value === null ? [] : [[record.epoch, value] as [number, number]];
    });
  const losses: Series[] = [
    { name: 'batch', color: '#b8c4d6', points: batches, thin: true },
    { name: 'training', color: '#0072b2', points: means(({ loss }) => loss) },
    { name: 'validation', color: '#d55e00', points: means(({ validationLoss }) => validationLoss) },
  ];
  const accuracies: Series[] = [
    { name: 'training', color: '#0072b2', points: means(({ accuracy }) => accuracy) },
    { name: 'validation', color: '#d55e00', points: means(({ validationAccuracy }) => validationAccuracy) },
  ];
  const end = Math.max(1, ...history.map(({ epoch }) => epoch));
  return plotCharts([
    { title: `${title}: loss`, series: losses, end, xLabel: 'epoch' },
    { title: 'accuracy', series: accuracies, end, xLabel: 'epoch', range: [0, 1] },
  ]);
}
