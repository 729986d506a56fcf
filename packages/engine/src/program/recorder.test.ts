import { inout, integer } from '@sconce/codegen';
import { describe, expect, it } from 'vitest';
import { family } from '../runtime/family.ts';
import { bytesOf, wholeOf } from '../runtime/region.ts';
import { WasmExecutor } from '../runtime/wasm-executor.ts';
import { Recorder } from './recorder.ts';

const kernel = family('recorded', { x: inout('f32'), n: integer() }, () => {})({});
const executor = new WasmExecutor();
const storage = executor.memory.allocate(64);
const long = 1e9;

/** The numbers that launches were given, by section and thread. */
function record(threads: number, body: (recorder: Recorder, launch: (n: number) => void) => void) {
  const recorder = new Recorder(executor, threads);
  body(recorder, (n) => recorder.launch(kernel, { x: wholeOf(storage), n }));
  return recorder
    .finish()
    .sections.map(({ threads }) => threads.map((all) => all.map(({ values }) => values['n'])));
}

describe('a recorder', () => {
  it('gives what is not divided to the first thread, and keeps it in one section', () => {
    const sections = record(2, (_, launch) => {
      launch(1);
      launch(2);
    });
    expect(sections).toEqual([[[1, 2], []]]);
  });

  it('divides work by parts and waits before and after it', () => {
    const sections = record(2, (recorder, launch) => {
      launch(1);
      recorder.fork(recorder.partsFor(long), (part) => {
        launch(10 + part);
        // What is divided already is not divided again.
        recorder.fork(recorder.partsFor(long), () => launch(20 + part));
      });
      launch(3);
    });
    expect(sections).toEqual([
      [[1], []],
      [
        [10, 20],
        [11, 21],
      ],
      [[3], []],
    ]);
    const more = record(2, (recorder, launch) => recorder.fork(5, launch));
    expect(more).toEqual([
      [
        [0, 1, 2],
        [3, 4],
      ],
    ]);
  });

  it('does not divide what is short, nor anything on one thread', () => {
    record(2, (recorder) => expect(recorder.partsFor(100)).toBe(1));
    const sections = record(1, (recorder, launch) => {
      launch(1);
      recorder.fork(recorder.partsFor(long), () => launch(2));
    });
    expect(sections.flat(2)).toEqual([1, 2]);
  });

  it('lets what touches other memory run beside the work that follows, and only that', () => {
    const sections = record(2, (recorder, launch) => {
      launch(1);
      recorder.alongNext(() => launch(2));
      recorder.alongNext(() => launch(3));
      recorder.fork(2, (part) => launch(10 + part));
      recorder.alongNext(() => launch(4));
      launch(5);
      recorder.fork(2, (part) => launch(20 + part));
    });
    expect(sections).toEqual([
      [[1], []],
      [[2, 3, 10], [11]],
      [[4, 5], []],
      [[20], [21]],
    ]);
  });

  it('begins a section at a label', () => {
    const recorder = new Recorder(executor, 1);
    const launch = () => recorder.launch(kernel, { x: wholeOf(storage), n: 0 });
    launch();
    recorder.label('second');
    launch();
    launch();
    const { sections } = recorder.finish();
    expect(sections.map(({ label, threads }) => [label, threads[0]!.length])).toEqual([
      [undefined, 1],
      ['second', 2],
    ]);
    expect(launch).toThrow('internal: launched after its program was recorded');
  });
});

describe('scratch memory of a recording', () => {
  const use = (recorder: Recorder, ...scratch: ReturnType<Recorder['borrow']>[]) => {
    for (const one of scratch) recorder.launch(kernel, { x: wholeOf(one), n: 0 });
  };
  const addresses = (recorder: Recorder) => {
    const { sections, own } = recorder.finish();
    const regions = sections.flatMap(({ threads }) => threads.flat().map(({ values }) => values['x']));
    return { regions: regions.map((region) => (region as { address: number }).address), own };
  };

  it('is shared by what is used one after the other', () => {
    const recorder = new Recorder(executor, 1);
    const [a, b, c] = [recorder.borrow(1000), recorder.borrow(1000), recorder.borrow(1000)];
    use(recorder, a, b, a, c);
    const { regions, own } = addresses(recorder);
    expect(regions[0]).toBe(regions[2]);
    expect(regions[1]).not.toBe(regions[0]);
    expect(regions[3]).toBe(regions[0]);
    expect(own.map(({ byteLength }) => byteLength)).toEqual([2048]);
  });

  it('is not shared by what threads use at the same time', () => {
    const recorder = new Recorder(executor, 2);
    const scratch = [0, 1].map(() => recorder.borrow(64));
    recorder.fork(2, (part) => use(recorder, scratch[part]!));
    const { regions } = addresses(recorder);
    expect(regions[0]).not.toBe(regions[1]);
  });

  it('is kept apart where JavaScript has written to it, and holds that in every run', () => {
    const recorder = new Recorder(executor, 1);
    const [table, other] = [recorder.borrow(64), recorder.borrow(64)];
    bytesOf(wholeOf(table)).fill(7);
    use(recorder, table, other);
    const { own } = addresses(recorder);
    expect(own).toHaveLength(2);
    expect([...own[0]!.bytes()]).toEqual(Array(64).fill(7));
  });
});
