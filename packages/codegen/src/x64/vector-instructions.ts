/** Vector and opmask instructions: the encoding of each form, after Intel's manual (volume 2). */

import type { Memory, Register } from './operands.ts';

type RegisterOrMemory = Register | Memory;

/**
 * Operands in Intel's order. Letters say where each is encoded: r in ModRM.reg, m in ModRM.rm (the only place for memory), v in
 * the prefix, i an immediate byte, s a register in the immediate byte.
 */
interface VectorShapes {
  rm: [to: Register, from: RegisterOrMemory];
  mr: [to: RegisterOrMemory, from: Register];
  rvm: [to: Register, a: Register, b: RegisterOrMemory];
  mvr: [to: RegisterOrMemory, a: Register, from: Register];
  rmv: [to: Register, a: RegisterOrMemory, b: Register];
  rmi: [to: Register, from: RegisterOrMemory, immediate: number];
  mri: [to: RegisterOrMemory, from: Register, immediate: number];
  rvmi: [to: Register, a: Register, b: RegisterOrMemory, immediate: number];
  vmi: [to: Register, from: RegisterOrMemory, immediate: number];
  rvms: [to: Register, a: Register, b: RegisterOrMemory, selector: Register];
}

/**
 * What of memory an instruction touches, which scales compressed displacements: a whole vector that may be a broadcast element
 * of 32 or 64 bits (`full`), a whole vector (`whole`), half or a quarter of one, 16 bytes, one element (`one`).
 * The number is the width of elements; 64 means EVEX.W1.
 */
type Access = 'full32' | 'full64' | 'whole32' | 'whole64' | 'half32' | 'quarter32' | 'x4' | 'one32' | 'one64';

/**
 * `encoding` is written as in the manual: mandatory prefix, opcode map, opcode; `VEX` and `EVEX` stand where only that encoding
 * exists, `L0` and `L1` where the vector length is fixed, `W1` where VEX.W is set, `/6` where ModRM.reg extends the opcode.
 */
type Entry = readonly [encoding: string, shape: keyof VectorShapes, access: Access];

/** Keys are mnemonics; a suffix tells forms of one mnemonic apart. */
export const vectorInstructions = {
  // moves
  vmovups: ['0F 10', 'rm', 'whole32'],
  vmovups_store: ['0F 11', 'mr', 'whole32'],
  vmovupd: ['66 0F 10', 'rm', 'whole64'],
  vmovupd_store: ['66 0F 11', 'mr', 'whole64'],
  vmovaps: ['0F 28', 'rm', 'whole32'],
  vmovaps_store: ['0F 29', 'mr', 'whole32'],
  vmovapd: ['66 0F 28', 'rm', 'whole64'],
  vmovntps_store: ['0F 2B', 'mr', 'whole32'],
  vmovss: ['F3 0F 10', 'rm', 'one32'],
  vmovss_store: ['F3 0F 11', 'mr', 'one32'],
  vmovsd: ['F2 0F 10', 'rm', 'one64'],
  vmovsd_store: ['F2 0F 11', 'mr', 'one64'],
  vmovhpd: ['66 0F 16', 'rvm', 'one64'],
  vmovd: ['66 0F 6E', 'rm', 'one32'],
  vmovq: ['66 0F W1 6E', 'rm', 'one64'],
  vmaskmovps: ['VEX 66 0F38 2C', 'rvm', 'whole32'],
  vmaskmovps_store: ['VEX 66 0F38 2E', 'mvr', 'whole32'],
  vmaskmovpd: ['VEX 66 0F38 2D', 'rvm', 'whole64'],
  vmaskmovpd_store: ['VEX 66 0F38 2F', 'mvr', 'whole64'],
  vbroadcastss: ['66 0F38 18', 'rm', 'one32'],
  vbroadcastsd: ['66 0F38 19', 'rm', 'one64'],
  vpbroadcastd: ['66 0F38 58', 'rm', 'one32'],
  vpbroadcastq: ['66 0F38 59', 'rm', 'one64'],
  vpbroadcastd_general: ['EVEX 66 0F38 7C', 'rm', 'one32'],
  vpbroadcastq_general: ['EVEX 66 0F38 7C', 'rm', 'one64'],

  // arithmetic
  vaddps: ['0F 58', 'rvm', 'full32'],
  vaddpd: ['66 0F 58', 'rvm', 'full64'],
  vsubps: ['0F 5C', 'rvm', 'full32'],
  vsubpd: ['66 0F 5C', 'rvm', 'full64'],
  vmulps: ['0F 59', 'rvm', 'full32'],
  vmulpd: ['66 0F 59', 'rvm', 'full64'],
  vdivps: ['0F 5E', 'rvm', 'full32'],
  vdivpd: ['66 0F 5E', 'rvm', 'full64'],
  vminps: ['0F 5D', 'rvm', 'full32'],
  vminpd: ['66 0F 5D', 'rvm', 'full64'],
  vmaxps: ['0F 5F', 'rvm', 'full32'],
  vmaxpd: ['66 0F 5F', 'rvm', 'full64'],
  vscalefps: ['EVEX 66 0F38 2C', 'rvm', 'full32'],
  vscalefpd: ['EVEX 66 0F38 2C', 'rvm', 'full64'],
  vsqrtps: ['0F 51', 'rm', 'full32'],
  vsqrtpd: ['66 0F 51', 'rm', 'full64'],
  vroundps: ['VEX 66 0F3A 08', 'rmi', 'whole32'],
  vroundpd: ['VEX 66 0F3A 09', 'rmi', 'whole64'],
  vrndscaleps: ['EVEX 66 0F3A 08', 'rmi', 'full32'],
  vrndscalepd: ['EVEX 66 0F3A 09', 'rmi', 'full64'],
  vfmadd132ps: ['66 0F38 98', 'rvm', 'full32'],
  vfmadd132pd: ['66 0F38 W1 98', 'rvm', 'full64'],
  vfmadd213ps: ['66 0F38 A8', 'rvm', 'full32'],
  vfmadd213pd: ['66 0F38 W1 A8', 'rvm', 'full64'],
  vfmadd231ps: ['66 0F38 B8', 'rvm', 'full32'],
  vfmadd231pd: ['66 0F38 W1 B8', 'rvm', 'full64'],
  vfnmadd132ps: ['66 0F38 9C', 'rvm', 'full32'],
  vfnmadd132pd: ['66 0F38 W1 9C', 'rvm', 'full64'],
  vfnmadd213ps: ['66 0F38 AC', 'rvm', 'full32'],
  vfnmadd213pd: ['66 0F38 W1 AC', 'rvm', 'full64'],
  vfnmadd231ps: ['66 0F38 BC', 'rvm', 'full32'],
  vfnmadd231pd: ['66 0F38 W1 BC', 'rvm', 'full64'],
  vpaddd: ['66 0F FE', 'rvm', 'full32'],
  vpsubd: ['66 0F FA', 'rvm', 'full32'],
  vpmulld: ['66 0F38 40', 'rvm', 'full32'],
  vpminsd: ['66 0F38 39', 'rvm', 'full32'],
  vpmaxsd: ['66 0F38 3D', 'rvm', 'full32'],
  vpabsd: ['66 0F38 1E', 'rm', 'full32'],
  vpaddq: ['66 0F D4', 'rvm', 'full64'],
  vpsubq: ['66 0F FB', 'rvm', 'full64'],
  vpmullq: ['EVEX 66 0F38 40', 'rvm', 'full64'],
  vpmuludq: ['66 0F F4', 'rvm', 'full64'],
  vpminsq: ['EVEX 66 0F38 39', 'rvm', 'full64'],
  vpmaxsq: ['EVEX 66 0F38 3D', 'rvm', 'full64'],
  vpabsq: ['EVEX 66 0F38 1F', 'rm', 'full64'],

  // bits
  vandps: ['0F 54', 'rvm', 'full32'],
  vandnps: ['0F 55', 'rvm', 'full32'],
  vorps: ['0F 56', 'rvm', 'full32'],
  vxorps: ['0F 57', 'rvm', 'full32'],
  vandpd: ['66 0F 54', 'rvm', 'full64'],
  vandnpd: ['66 0F 55', 'rvm', 'full64'],
  vorpd: ['66 0F 56', 'rvm', 'full64'],
  vxorpd: ['66 0F 57', 'rvm', 'full64'],
  vpslld: ['66 0F 72 /6', 'vmi', 'full32'],
  vpsrld: ['66 0F 72 /2', 'vmi', 'full32'],
  vpsrad: ['66 0F 72 /4', 'vmi', 'full32'],
  vpsllq: ['66 0F 73 /6', 'vmi', 'full64'],
  vpsrlq: ['66 0F 73 /2', 'vmi', 'full64'],
  vpsraq: ['EVEX 66 0F 72 /4', 'vmi', 'full64'],

  // conversions
  vcvtdq2ps: ['0F 5B', 'rm', 'full32'],
  vcvttps2dq: ['F3 0F 5B', 'rm', 'full32'],
  vcvtps2dq: ['66 0F 5B', 'rm', 'full32'],
  vcvtph2ps: ['66 0F38 13', 'rm', 'half32'],
  vcvtps2ph: ['66 0F3A 1D', 'mri', 'half32'],
  // of a register only: memory would not tell the length
  vcvtneps2bf16: ['EVEX F3 0F38 72', 'rm', 'full32'],
  vcvtps2pd: ['0F 5A', 'rm', 'half32'],
  vcvtdq2pd: ['F3 0F E6', 'rm', 'half32'],
  vcvtpd2ps: ['66 0F 5A', 'rm', 'full64'],
  vcvttpd2dq: ['66 0F E6', 'rm', 'full64'],
  vpmovzxwd: ['66 0F38 33', 'rm', 'half32'],
  vpmovsxwd: ['66 0F38 23', 'rm', 'half32'],
  vpmovsxdq: ['66 0F38 25', 'rm', 'half32'],
  vpmovzxbd: ['66 0F38 31', 'rm', 'quarter32'],
  vpmovsxbd: ['66 0F38 21', 'rm', 'quarter32'],
  vpmovdw_store: ['EVEX F3 0F38 33', 'mr', 'half32'],
  vpmovdb_store: ['EVEX F3 0F38 31', 'mr', 'quarter32'],

  // comparison and choice
  vcmpps: ['0F C2', 'rvmi', 'full32'],
  vcmppd: ['66 0F C2', 'rvmi', 'full64'],
  vpcmpeqd: ['66 0F 76', 'rvm', 'full32'],
  vpcmpeqq: ['66 0F38 29', 'rvm', 'full64'],
  vpcmpgtd: ['66 0F 66', 'rvm', 'full32'],
  vpcmpgtq: ['66 0F38 37', 'rvm', 'full64'],
  vpcmpd: ['EVEX 66 0F3A 1F', 'rvmi', 'full32'],
  vpcmpq: ['EVEX 66 0F3A 1F', 'rvmi', 'full64'],
  vblendmps: ['EVEX 66 0F38 65', 'rvm', 'full32'],
  vblendmpd: ['EVEX 66 0F38 65', 'rvm', 'full64'],
  vblendvps: ['VEX 66 0F3A 4A', 'rvms', 'whole32'],
  vblendvpd: ['VEX 66 0F3A 4B', 'rvms', 'whole64'],
  vblendps: ['VEX 66 0F3A 0C', 'rvmi', 'whole32'],
  vptest: ['VEX 66 0F38 17', 'rm', 'whole32'],

  // across lanes
  vpshufb: ['66 0F38 00', 'rvm', 'whole32'],
  vpermilps: ['66 0F3A 04', 'rmi', 'full32'],
  vpermilpd: ['66 0F3A 05', 'rmi', 'full64'],
  vpermpd: ['66 0F3A W1 01', 'rmi', 'full64'],
  vpermi2ps: ['EVEX 66 0F38 77', 'rvm', 'full32'],
  vpermi2pd: ['EVEX 66 0F38 77', 'rvm', 'full64'],
  vshufps: ['0F C6', 'rvmi', 'full32'],
  vunpcklpd: ['66 0F 14', 'rvm', 'full64'],
  vunpckhpd: ['66 0F 15', 'rvm', 'full64'],
  vmovsldup: ['F3 0F 12', 'rm', 'whole32'],
  vmovshdup: ['F3 0F 16', 'rm', 'whole32'],
  vperm2f128: ['VEX 66 0F3A 06', 'rvmi', 'whole32'],
  vshuff32x4: ['EVEX 66 0F3A 23', 'rvmi', 'full32'],
  vshuff64x2: ['EVEX 66 0F3A 23', 'rvmi', 'full64'],
  vinsertps: ['66 0F3A 21', 'rvmi', 'one32'],
  vinsertf128: ['VEX 66 0F3A 18', 'rvmi', 'x4'],
  vinsertf32x4: ['EVEX 66 0F3A 18', 'rvmi', 'x4'],

  // opmasks
  kmovw: ['VEX L0 0F 90', 'rm', 'one32'],
  kmovw_store: ['VEX L0 0F 91', 'mr', 'one32'],
  kandw: ['VEX L1 0F 41', 'rvm', 'one32'],
  kandnw: ['VEX L1 0F 42', 'rvm', 'one32'],
  knotw: ['VEX L0 0F 44', 'rm', 'one32'],
  korw: ['VEX L1 0F 45', 'rvm', 'one32'],
  kxorw: ['VEX L1 0F 47', 'rvm', 'one32'],
  kortestw: ['VEX L0 0F 98', 'rm', 'one32'],
  kandb: ['VEX L1 66 0F 41', 'rvm', 'one32'],
  kandnb: ['VEX L1 66 0F 42', 'rvm', 'one32'],
  knotb: ['VEX L0 66 0F 44', 'rm', 'one32'],
  korb: ['VEX L1 66 0F 45', 'rvm', 'one32'],
  kxorb: ['VEX L1 66 0F 47', 'rvm', 'one32'],
  kortestb: ['VEX L0 66 0F 98', 'rm', 'one32'],
  kshiftrw: ['VEX L0 66 0F3A W1 30', 'rmi', 'one32'],
  kunpckbw: ['VEX L1 66 0F 4B', 'rvm', 'one32'],

  // general registers in vector encodings: shifts that leave flags alone and take any register as count
  shlx: ['VEX L0 66 0F38 F7', 'rmv', 'one32'],
  sarx: ['VEX L0 F3 0F38 F7', 'rmv', 'one32'],
} as const;

export type VectorMnemonic = keyof typeof vectorInstructions;

/** An entry of the table, parsed. */
export interface VectorForm {
  readonly shape: keyof VectorShapes;
  readonly access: Access;
  readonly opcode: number;
  /** ModRM.reg where it extends the opcode. */
  readonly extension: number;
  /** 0F, 0F38, 0F3A as 1, 2, 3. */
  readonly map: number;
  /** None, 66, F3, F2 as 0, 1, 2, 3. */
  readonly prefix: number;
  readonly vexW: 0 | 1;
  readonly evexW: 0 | 1;
  /** Vector length bit, where it does not follow from the operands. */
  readonly length: 0 | 1 | undefined;
  readonly only: 'VEX' | 'EVEX' | undefined;
}

function parse([encoding, shape, access]: Entry): VectorForm {
  const words = encoding.split(' ');
  const has = (word: string): boolean => words.includes(word);
  const extension = words.find((word) => word.startsWith('/'));
  return {
    shape,
    access,
    opcode: Number.parseInt(words.at(extension ? -2 : -1)!, 16),
    extension: extension ? Number(extension[1]) : 0,
    map: has('0F38') ? 2 : has('0F3A') ? 3 : 1,
    prefix: ['66', 'F3', 'F2'].indexOf(words.find((word) => /^(66|F3|F2)$/.test(word)) ?? '') + 1,
    vexW: has('W1') ? 1 : 0,
    evexW: access.endsWith('64') ? 1 : 0,
    length: has('L0') ? 0 : has('L1') ? 1 : undefined,
    only: has('EVEX') ? 'EVEX' : has('VEX') ? 'VEX' : undefined,
  };
}

/** The parsed table. */
export const vectorForms: Readonly<Record<VectorMnemonic, VectorForm>> = Object.fromEntries(
  Object.entries(vectorInstructions).map(([mnemonic, entry]) => [mnemonic, parse(entry)]),
) as Record<VectorMnemonic, VectorForm>;

/** The operands that an instruction takes. */
export type VectorOperands<M extends VectorMnemonic> = VectorShapes[(typeof vectorInstructions)[M][1]];
