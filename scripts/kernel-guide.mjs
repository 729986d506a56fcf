// Fills docs/kernels.md with the source of its example kernel and the code it becomes on every target.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import wabt from 'wabt';
import * as codegen from '../packages/codegen/dist/index.js';
import { addRelu } from './example-kernel.mjs';

const example = readFileSync('scripts/example-kernel.mjs', 'utf8');
const source = example.slice(example.indexOf('export const addRelu'));

const page = 'docs/kernels.md';
let text = readFileSync(page, 'utf8');
put('source', 'ts', source);
put(
  'error',
  'text',
  messageOf(() =>
    codegen.interpret(addRelu, {
      x: new Float32Array(5),
      y: new Float32Array(4),
      sum: new Float32Array(5),
      n: 5,
    }),
  ),
);
put('wasm', 'wat', await disassembleWasm(wasmBytes()));
put('avx2', 'asm', disassembleX64(codegen.compileX64(addRelu, codegen.avx2Target)));
put('avx512', 'asm', disassembleX64(codegen.compileX64(addRelu, codegen.avx512Target)));
writeFileSync(page, text);

function put(name, language, content) {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page}: expected ${begin} and ${end}`);
  text = `${text.slice(0, from)}${begin}\n\`\`\`${language}\n${content.trimEnd()}\n\`\`\`\n${text.slice(to)}`;
}

/** The error's message, with the place in the source as seen from the workspace. */
function messageOf(body) {
  try {
    body();
  } catch (error) {
    return error.message.replaceAll(`${process.cwd()}/`, '').replaceAll('file://', '');
  }
  throw new Error('expected an error');
}

/** The bytes that the engine hands to the host, seen on their way. */
function wasmBytes() {
  const { Module } = WebAssembly;
  let seen;
  WebAssembly.Module = new Proxy(Module, {
    construct(target, [bytes]) {
      seen = bytes;
      return new target(bytes);
    },
  });
  codegen.compileWasm(addRelu, new WebAssembly.Memory({ initial: 1 }));
  WebAssembly.Module = Module;
  return seen;
}

async function disassembleWasm(bytes) {
  const module = (await wabt()).readWasm(bytes, { readDebugNames: true, simd: true, relaxed_simd: true });
  return module.toText({ foldExprs: true, inlineExport: true });
}

function disassembleX64({ code, instructionBytes }) {
  const folder = mkdtempSync(join(tmpdir(), 'sconce-listing-'));
  try {
    const file = join(folder, 'code.bin');
    writeFileSync(file, code.subarray(0, instructionBytes));
    const listing = execFileSync(
      'objdump',
      ['-D', '-b', 'binary', '-m', 'i386:x86-64', '-M', 'intel', '--no-show-raw-insn', file],
      { encoding: 'utf8' },
    );
    return listing
      .split('\n')
      .filter((line) => /^\s+[0-9a-f]+:/.test(line))
      .join('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
