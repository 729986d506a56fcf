/** `sconce demo`: the whole road once, on a photograph: print, detect, draw, compare with PyTorch, time. */
import { mkdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { CatDetector, Fixtures, summaryTable } from '@sconce/conformance';
import { engineInfo } from '@sconce/engine';
import { getImageNumChannels, readImage, writeImage } from '@sconce/vision';
import { Command } from 'commander';
import { type Detector, describeDetection, drawDetections, drawHeatmap, openDetector } from '../detector.ts';
import { JudgedFailure } from '../errors.ts';
import { print, userPath, withProgress } from '../terminal.ts';
import { runSuites } from './conformance.ts';

interface DemoOptions {
  readonly image?: string;
  readonly out: string;
}

export function demoCommand(): Command {
  return new Command('demo')
    .description('find the cat in a photograph, compare with PyTorch, and time it')
    .option('--image <file>', 'a photograph of your own (default: chelsea.png and a contact sheet)')
    .option('--out <folder>', 'where the pictures go', 'out')
    .action(async (options: DemoOptions) => {
      const fixtures = new Fixtures();
      const folder = userPath(options.out);
      const photographs =
        options.image === undefined
          ? ['chelsea.png', 'contact-sheet.png'].map((name) => fixtures.path('images', name))
          : [userPath(options.image)];

      print(String(new CatDetector()));
      const detector = await withProgress('reading the detector', () => openDetector(detectorPath(fixtures)));
      await mkdir(folder, { recursive: true });
      for (const path of photographs) await show(detector, path, folder);

      print();
      const reports = await runSuites([], {});
      print(summaryTable(reports));
      print();
      print(await timing(detector, photographs[0] ?? ''));
      const failed = reports.reduce((sum, report) => sum + report.failed, 0);
      if (failed > 0) throw new JudgedFailure(`${failed} conformance cases failed`);
    });
}

/** The detector lies in the fixtures in one of the two exporters' forms. */
function detectorPath(fixtures: Fixtures): string {
  const form = ['dynamo.onnx', 'legacy.onnx'].find((name) => fixtures.has('models', 'cat-detector', name));
  return fixtures.path('models', 'cat-detector', form ?? 'dynamo.onnx');
}

/** Looks at one photograph, says what is there and writes the pictures. */
async function show(detector: Detector, path: string, folder: string): Promise<void> {
  const image = await readImage(path);
  const sighting = await withProgress(`looking at ${path}`, () => detector.detect(image));
  const channels = await getImageNumChannels(path);
  print();
  print(
    `${basename(path)}: ${image.width} x ${image.height}, ${channels} ${channels === 1 ? 'channel' : 'channels'}`,
  );
  for (const detection of sighting.detections) print(`  ${describeDetection(detection)}`);
  if (sighting.detections.length === 0) print('  no cat');
  const stem = join(folder, basename(path, extname(path)));
  const pictures = {
    [`${stem}-boxes.png`]: await drawDetections(image, sighting.detections),
    [`${stem}-heatmap.png`]: drawHeatmap(image, sighting),
  };
  for (const [file, picture] of Object.entries(pictures)) {
    await writeImage(file, picture);
    print(`  ${file}`);
  }
}

/** The detector's median time on a photograph, preparation and decoding included. */
async function timing(detector: Detector, path: string): Promise<string> {
  const image = await readImage(path);
  const warmUps = 3;
  const runs = 11;
  const times: number[] = [];
  let size = '';
  await withProgress('timing', async () => {
    for (let i = 0; i < warmUps + runs; i++) {
      const start = performance.now();
      const { input } = await detector.detect(image);
      if (i >= warmUps) times.push(performance.now() - start);
      size = `${input.tensor.size(3)} x ${input.tensor.size(2)}`;
    }
  });
  times.sort((a, b) => a - b);
  const { target, reason } = engineInfo();
  return `${(times[(runs - 1) / 2] ?? 0).toFixed(1)} ms an inference (median of ${runs}, network input ${size}, engine ${target}: ${reason})`;
}
