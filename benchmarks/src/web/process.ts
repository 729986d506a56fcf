// The process that `pnpm bench:web` starts for each number of threads: `process.ts THREADS`. It answers one message by one.

import * as onnxruntime from 'onnxruntime-web';
import { answerOf, type WebStarted } from './messages.ts';
import { startWebSide, type WebRequest } from './side.ts';

const side = startWebSide(onnxruntime, Number(process.argv[2]));
const send = (message: unknown): void => void process.send!(message);

send(
  await answerOf(async (): Promise<WebStarted> => {
    const { engine, version } = await side;
    return {
      engine,
      versions: { node: process.versions.node, v8: process.versions.v8, 'onnxruntime-web': version },
    };
  }),
);
process.on('message', async (request: WebRequest) => {
  send(await answerOf(async () => (await side).measure(request)));
});
