/** The same checks in Node: prints the results as JSON. The argument is the path of `fixtures/`. */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Fixtures } from '@sconce/conformance';
import { readImage } from '@sconce/vision';
import { runChecks } from './checks.ts';

const base = pathToFileURL(`${process.argv[2]}/`);
const photograph = await readImage(new URL('images/chelsea.png', base));
const results = await runChecks(base, new Fixtures(fileURLToPath(base)), { file: photograph });
process.stdout.write(JSON.stringify(results));
