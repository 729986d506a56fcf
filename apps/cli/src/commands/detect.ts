/** `sconce detect`: boxes around what a detector finds in a photograph. */
import { readImage, writeImage } from '@sconce/vision';
import { Command } from 'commander';
import { describeDetection, drawDetections, drawHeatmap, openDetector } from '../detector.ts';
import { print, printJson, userPath, withProgress } from '../terminal.ts';

interface DetectOptions {
  readonly image: string;
  readonly out?: string;
  readonly heatmap?: string;
  readonly json?: boolean;
}

export function detectCommand(): Command {
  return new Command('detect')
    .description('find things in a photograph')
    .argument('<model>', 'an ONNX detector, for example fixtures/models/cat-detector/dynamo.onnx')
    .requiredOption('--image <file>', 'a photograph: PNG, JPEG, WebP, ...')
    .option('--out <file>', 'write the photograph with its boxes (.png, .jpg, .webp)')
    .option('--heatmap <file>', 'write the photograph under its heat map')
    .option('--json', 'print [{"label", "score", "box": [x1, y1, x2, y2]}] in pixels of the file')
    .action(async (model: string, options: DetectOptions) => {
      const { image, sighting } = await withProgress(`looking at ${options.image}`, async () => {
        const photograph = await readImage(userPath(options.image));
        const detector = await openDetector(model);
        return { image: photograph, sighting: await detector.detect(photograph) };
      });
      const { detections } = sighting;
      if (options.out !== undefined)
        await writeImage(userPath(options.out), await drawDetections(image, detections));
      if (options.heatmap !== undefined)
        await writeImage(userPath(options.heatmap), drawHeatmap(image, sighting));
      if (options.json) return printJson(detections);
      if (detections.length === 0) print('nothing found');
      for (const detection of detections) print(describeDetection(detection));
    });
}
