/** The WebAssembly instructions that the code generator uses: encoding and kind of immediate of each. */

/** Immediates that follow an opcode. */
interface Immediates {
  none: [];
  /** A block without parameters and results. */
  block: [];
  /** Index of a local or a label. */
  index: [index: number];
  /** A signed 32-bit constant. */
  i32: [value: number];
  /** Offset of a memory access; the natural alignment is written before it. */
  memory: [offset: number];
  /** As `memory`, then the lane that is loaded or stored. */
  memoryLane: [offset: number, lane: number];
  /** The sixteen bytes of a constant or of a shuffle. */
  bytes: [bytes: Uint8Array];
}

/**
 * Every instruction by its mnemonic: opcode, immediate and, for memory accesses, the base-two logarithm of the natural
 * alignment. Opcodes of five digits are the prefix 0xfd and a number of three digits, which is written as LEB128.
 */
export const instructions = {
  // control
  loop: [0x03, 'block'],
  if: [0x04, 'block'],
  else: [0x05, 'none'],
  end: [0x0b, 'none'],
  br_if: [0x0d, 'index'],
  select: [0x1b, 'none'],
  'local.get': [0x20, 'index'],
  'local.set': [0x21, 'index'],
  'local.tee': [0x22, 'index'],

  // scalars
  'i32.load': [0x28, 'memory', 2],
  'i64.load': [0x29, 'memory', 3],
  'i32.load8_s': [0x2c, 'memory', 0],
  'i32.load8_u': [0x2d, 'memory', 0],
  'i32.load16_s': [0x2e, 'memory', 1],
  'i32.load16_u': [0x2f, 'memory', 1],
  'i32.store': [0x36, 'memory', 2],
  'i64.store': [0x37, 'memory', 3],
  'i32.store8': [0x3a, 'memory', 0],
  'i32.store16': [0x3b, 'memory', 1],
  'i32.const': [0x41, 'i32'],
  'i32.eq': [0x46, 'none'],
  'i32.ne': [0x47, 'none'],
  'i32.lt_s': [0x48, 'none'],
  'i32.gt_s': [0x4a, 'none'],
  'i32.le_s': [0x4c, 'none'],
  'i32.ge_s': [0x4e, 'none'],
  'i32.add': [0x6a, 'none'],
  'i32.sub': [0x6b, 'none'],
  'i32.mul': [0x6c, 'none'],
  'i32.and': [0x71, 'none'],
  'i32.shl': [0x74, 'none'],
  'i32.shr_s': [0x75, 'none'],
  'i64.extend_i32_s': [0xac, 'none'],

  // vectors: memory
  'v128.load': [0xfd_000, 'memory', 2],
  'v128.load16x4_s': [0xfd_003, 'memory', 3],
  'v128.load16x4_u': [0xfd_004, 'memory', 3],
  'v128.load32_splat': [0xfd_009, 'memory', 2],
  'v128.load64_splat': [0xfd_00a, 'memory', 3],
  'v128.store': [0xfd_00b, 'memory', 2],
  'v128.load32_zero': [0xfd_05c, 'memory', 2],
  'v128.load32_lane': [0xfd_056, 'memoryLane', 2],
  'v128.load64_lane': [0xfd_057, 'memoryLane', 3],
  'v128.store8_lane': [0xfd_058, 'memoryLane', 0],
  'v128.store16_lane': [0xfd_059, 'memoryLane', 1],
  'v128.store32_lane': [0xfd_05a, 'memoryLane', 2],
  'v128.store64_lane': [0xfd_05b, 'memoryLane', 3],

  // vectors: constants, lanes, bits
  'v128.const': [0xfd_00c, 'bytes'],
  'i8x16.shuffle': [0xfd_00d, 'bytes'],
  'i32x4.splat': [0xfd_011, 'none'],
  'i64x2.splat': [0xfd_012, 'none'],
  'i32x4.replace_lane': [0xfd_01c, 'index'],
  'v128.not': [0xfd_04d, 'none'],
  'v128.and': [0xfd_04e, 'none'],
  'v128.andnot': [0xfd_04f, 'none'],
  'v128.or': [0xfd_050, 'none'],
  'v128.xor': [0xfd_051, 'none'],
  'v128.bitselect': [0xfd_052, 'none'],
  'v128.any_true': [0xfd_053, 'none'],

  // i32x4
  'i32x4.eq': [0xfd_037, 'none'],
  'i32x4.ne': [0xfd_038, 'none'],
  'i32x4.lt_s': [0xfd_039, 'none'],
  'i32x4.gt_s': [0xfd_03b, 'none'],
  'i32x4.le_s': [0xfd_03d, 'none'],
  'i32x4.ge_s': [0xfd_03f, 'none'],
  'i32x4.abs': [0xfd_0a0, 'none'],
  'i32x4.neg': [0xfd_0a1, 'none'],
  'i32x4.shl': [0xfd_0ab, 'none'],
  'i32x4.shr_s': [0xfd_0ac, 'none'],
  'i32x4.shr_u': [0xfd_0ad, 'none'],
  'i32x4.add': [0xfd_0ae, 'none'],
  'i32x4.sub': [0xfd_0b1, 'none'],
  'i32x4.mul': [0xfd_0b5, 'none'],
  'i32x4.min_s': [0xfd_0b6, 'none'],
  'i32x4.max_s': [0xfd_0b8, 'none'],
  'i16x8.extend_low_i8x16_s': [0xfd_087, 'none'],
  'i16x8.extend_low_i8x16_u': [0xfd_089, 'none'],
  'i32x4.extend_low_i16x8_s': [0xfd_0a7, 'none'],
  'i32x4.extend_low_i16x8_u': [0xfd_0a9, 'none'],
  'i32x4.trunc_sat_f64x2_s_zero': [0xfd_0fc, 'none'],
  'i32x4.relaxed_trunc_f64x2_s_zero': [0xfd_103, 'none'],
  'i32x4.trunc_sat_f32x4_s': [0xfd_0f8, 'none'],
  'i32x4.relaxed_trunc_f32x4_s': [0xfd_101, 'none'],
  'i32x4.relaxed_laneselect': [0xfd_10b, 'none'],
  'i64x2.relaxed_laneselect': [0xfd_10c, 'none'],

  // i64x2
  'i64x2.abs': [0xfd_0c0, 'none'],
  'i64x2.neg': [0xfd_0c1, 'none'],
  'i64x2.extend_low_i32x4_s': [0xfd_0c7, 'none'],
  'i64x2.extend_high_i32x4_s': [0xfd_0c8, 'none'],
  'i64x2.shl': [0xfd_0cb, 'none'],
  'i64x2.shr_s': [0xfd_0cc, 'none'],
  'i64x2.shr_u': [0xfd_0cd, 'none'],
  'i64x2.add': [0xfd_0ce, 'none'],
  'i64x2.sub': [0xfd_0d1, 'none'],
  'i64x2.mul': [0xfd_0d5, 'none'],
  'i64x2.eq': [0xfd_0d6, 'none'],
  'i64x2.ne': [0xfd_0d7, 'none'],
  'i64x2.lt_s': [0xfd_0d8, 'none'],
  'i64x2.gt_s': [0xfd_0d9, 'none'],
  'i64x2.le_s': [0xfd_0da, 'none'],
  'i64x2.ge_s': [0xfd_0db, 'none'],

  // f32x4
  'f32x4.eq': [0xfd_041, 'none'],
  'f32x4.ne': [0xfd_042, 'none'],
  'f32x4.lt': [0xfd_043, 'none'],
  'f32x4.gt': [0xfd_044, 'none'],
  'f32x4.le': [0xfd_045, 'none'],
  'f32x4.ge': [0xfd_046, 'none'],
  'f32x4.ceil': [0xfd_067, 'none'],
  'f32x4.floor': [0xfd_068, 'none'],
  'f32x4.trunc': [0xfd_069, 'none'],
  'f32x4.nearest': [0xfd_06a, 'none'],
  'f32x4.abs': [0xfd_0e0, 'none'],
  'f32x4.neg': [0xfd_0e1, 'none'],
  'f32x4.sqrt': [0xfd_0e3, 'none'],
  'f32x4.add': [0xfd_0e4, 'none'],
  'f32x4.sub': [0xfd_0e5, 'none'],
  'f32x4.mul': [0xfd_0e6, 'none'],
  'f32x4.div': [0xfd_0e7, 'none'],
  'f32x4.pmin': [0xfd_0ea, 'none'],
  'f32x4.pmax': [0xfd_0eb, 'none'],
  'f32x4.convert_i32x4_s': [0xfd_0fa, 'none'],
  'f32x4.demote_f64x2_zero': [0xfd_05e, 'none'],
  'f32x4.relaxed_madd': [0xfd_105, 'none'],
  'f32x4.relaxed_nmadd': [0xfd_106, 'none'],

  // f64x2
  'f64x2.eq': [0xfd_047, 'none'],
  'f64x2.ne': [0xfd_048, 'none'],
  'f64x2.lt': [0xfd_049, 'none'],
  'f64x2.gt': [0xfd_04a, 'none'],
  'f64x2.le': [0xfd_04b, 'none'],
  'f64x2.ge': [0xfd_04c, 'none'],
  'f64x2.ceil': [0xfd_074, 'none'],
  'f64x2.floor': [0xfd_075, 'none'],
  'f64x2.trunc': [0xfd_07a, 'none'],
  'f64x2.nearest': [0xfd_094, 'none'],
  'f64x2.abs': [0xfd_0ec, 'none'],
  'f64x2.neg': [0xfd_0ed, 'none'],
  'f64x2.sqrt': [0xfd_0ef, 'none'],
  'f64x2.add': [0xfd_0f0, 'none'],
  'f64x2.sub': [0xfd_0f1, 'none'],
  'f64x2.mul': [0xfd_0f2, 'none'],
  'f64x2.div': [0xfd_0f3, 'none'],
  'f64x2.pmin': [0xfd_0f6, 'none'],
  'f64x2.pmax': [0xfd_0f7, 'none'],
  'f64x2.promote_low_f32x4': [0xfd_05f, 'none'],
  'f64x2.convert_low_i32x4_s': [0xfd_0fe, 'none'],
  'f64x2.relaxed_madd': [0xfd_107, 'none'],
  'f64x2.relaxed_nmadd': [0xfd_108, 'none'],
} as const;

/** The mnemonic of an instruction. */
export type Mnemonic = keyof typeof instructions;

/** The immediates that an instruction takes. */
export type ImmediatesOf<M extends Mnemonic> = Immediates[(typeof instructions)[M][1]];
