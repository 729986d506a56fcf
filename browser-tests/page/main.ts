/** The page: fetches the fixtures, runs the checks and leaves the results, as JSON, where the test finds them. */
import { Fixtures, fixturesInMemory } from '@sconce/conformance';
import * as vision from '@sconce/vision';
import { fromImageBitmap, fromImageData, type Image, toImageData } from '@sconce/vision/browser';
import { runChecks } from './checks.ts';
import type { PageResults } from './results.ts';

declare global {
  /** Resolves to the JSON of {@link PageResults}, without what only the browser can tell. */
  var sconceResults: Promise<string>;
}

globalThis.sconceResults = collect().then((results) => JSON.stringify(results));

async function collect(): Promise<Omit<PageResults, 'workers'>> {
  const base = new URL('/fixtures/', location.href);
  const names = (await (await get(new URL('files.json', base))).json()) as string[];
  const files = await Promise.all(
    names.map(async (name) => {
      const bytes = await (await get(new URL(name, base))).arrayBuffer();
      return [name, new Uint8Array(bytes)] as const;
    }),
  );
  const fixtures = new Fixtures(fixturesInMemory(new Map(files), base.href));
  const photographs = await readPhotograph(new URL('images/chelsea.png', base));
  return {
    ...(await runChecks(base, fixtures, photographs)),
    crossOriginIsolated,
    hasSharedArrayBuffer: typeof SharedArrayBuffer !== 'undefined',
    cores: navigator.hardwareConcurrency,
    visionExports: Object.keys(vision).sort(),
  };
}

/** A photograph by each of the ways there are in browsers. */
async function readPhotograph(url: URL): Promise<Record<string, Image>> {
  const bitmap = await createImageBitmap(await (await get(url)).blob());
  const canvas = document.createElement('canvas');
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  const context = canvas.getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  const imageData = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const fromData = fromImageData(imageData);
  return {
    ImageBitmap: fromImageBitmap(bitmap),
    ImageData: fromData,
    'ImageData, there and back': fromImageData(toImageData(fromData)),
  };
}

async function get(url: URL): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: HTTP status ${response.status}`);
  return response;
}
