/** In-place forms of the elementwise operators. */
import * as bitwise from './bitwise.ts';
import * as comparison from './comparison.ts';
import * as elementwise from './elementwise.ts';
import * as exponentials from './exponentials.ts';
import { type InPlaceForms, type InPlaceOperator, inPlaceOf } from './in-place-core.ts';
import * as limits from './limits.ts';
import * as rounding from './rounding.ts';
import * as specialFunctions from './special-functions.ts';
import * as trigonometry from './trigonometry.ts';

/** In-place form of {@link bitwise.bitwiseAnd}. */
export const bitwiseAnd_: InPlaceOperator<typeof bitwise.bitwiseAnd> = inPlaceOf(bitwise.bitwiseAnd);
/** In-place form of {@link bitwise.bitwiseLeftShift}. */
export const bitwiseLeftShift_: InPlaceOperator<typeof bitwise.bitwiseLeftShift> = inPlaceOf(
  bitwise.bitwiseLeftShift,
);
/** In-place form of {@link bitwise.bitwiseNot}. */
export const bitwiseNot_: InPlaceOperator<typeof bitwise.bitwiseNot> = inPlaceOf(bitwise.bitwiseNot);
/** In-place form of {@link bitwise.bitwiseOr}. */
export const bitwiseOr_: InPlaceOperator<typeof bitwise.bitwiseOr> = inPlaceOf(bitwise.bitwiseOr);
/** In-place form of {@link bitwise.bitwiseRightShift}. */
export const bitwiseRightShift_: InPlaceOperator<typeof bitwise.bitwiseRightShift> = inPlaceOf(
  bitwise.bitwiseRightShift,
);
/** In-place form of {@link bitwise.bitwiseXor}. */
export const bitwiseXor_: InPlaceOperator<typeof bitwise.bitwiseXor> = inPlaceOf(bitwise.bitwiseXor);
/** In-place form of {@link bitwise.gcd}. */
export const gcd_: InPlaceOperator<typeof bitwise.gcd> = inPlaceOf(bitwise.gcd);
/** In-place form of {@link bitwise.lcm}. */
export const lcm_: InPlaceOperator<typeof bitwise.lcm> = inPlaceOf(bitwise.lcm);
/** In-place form of {@link comparison.eq}. */
export const eq_: InPlaceOperator<typeof comparison.eq> = inPlaceOf(comparison.eq);
/** In-place form of {@link comparison.ge}. */
export const ge_: InPlaceOperator<typeof comparison.ge> = inPlaceOf(comparison.ge);
/** In-place form of {@link comparison.gt}. */
export const gt_: InPlaceOperator<typeof comparison.gt> = inPlaceOf(comparison.gt);
/** In-place form of {@link comparison.le}. */
export const le_: InPlaceOperator<typeof comparison.le> = inPlaceOf(comparison.le);
/** In-place form of {@link comparison.logicalAnd}. */
export const logicalAnd_: InPlaceOperator<typeof comparison.logicalAnd> = inPlaceOf(comparison.logicalAnd);
/** In-place form of {@link comparison.logicalNot}. */
export const logicalNot_: InPlaceOperator<typeof comparison.logicalNot> = inPlaceOf(comparison.logicalNot);
/** In-place form of {@link comparison.logicalOr}. */
export const logicalOr_: InPlaceOperator<typeof comparison.logicalOr> = inPlaceOf(comparison.logicalOr);
/** In-place form of {@link comparison.logicalXor}. */
export const logicalXor_: InPlaceOperator<typeof comparison.logicalXor> = inPlaceOf(comparison.logicalXor);
/** In-place form of {@link comparison.lt}. */
export const lt_: InPlaceOperator<typeof comparison.lt> = inPlaceOf(comparison.lt);
/** In-place form of {@link comparison.ne}. */
export const ne_: InPlaceOperator<typeof comparison.ne> = inPlaceOf(comparison.ne);
/** Another name of {@link gt_}. */
export const greater_: typeof gt_ = gt_;
/** Another name of {@link ge_}. */
export const greaterEqual_: typeof ge_ = ge_;
/** Another name of {@link lt_}. */
export const less_: typeof lt_ = lt_;
/** Another name of {@link le_}. */
export const lessEqual_: typeof le_ = le_;
/** Another name of {@link ne_}. */
export const notEqual_: typeof ne_ = ne_;
/** In-place form of {@link elementwise.abs}. */
export const abs_: InPlaceOperator<typeof elementwise.abs> = inPlaceOf(elementwise.abs);
/** In-place form of {@link elementwise.add}. */
export const add_: InPlaceOperator<typeof elementwise.add> = inPlaceOf(elementwise.add);
/** In-place form of {@link elementwise.addcdiv}. */
export const addcdiv_: InPlaceOperator<typeof elementwise.addcdiv> = inPlaceOf(elementwise.addcdiv);
/** In-place form of {@link elementwise.addcmul}. */
export const addcmul_: InPlaceOperator<typeof elementwise.addcmul> = inPlaceOf(elementwise.addcmul);
/** In-place form of {@link elementwise.div}. */
export const div_: InPlaceOperator<typeof elementwise.div> = inPlaceOf(elementwise.div);
/** In-place form of {@link elementwise.floorDivide}. */
export const floorDivide_: InPlaceOperator<typeof elementwise.floorDivide> = inPlaceOf(
  elementwise.floorDivide,
);
/** In-place form of {@link elementwise.fmod}. */
export const fmod_: InPlaceOperator<typeof elementwise.fmod> = inPlaceOf(elementwise.fmod);
/** In-place form of {@link elementwise.lerp}. */
export const lerp_: InPlaceOperator<typeof elementwise.lerp> = inPlaceOf(elementwise.lerp);
/** In-place form of {@link elementwise.mul}. */
export const mul_: InPlaceOperator<typeof elementwise.mul> = inPlaceOf(elementwise.mul);
/** In-place form of {@link elementwise.neg}. */
export const neg_: InPlaceOperator<typeof elementwise.neg> = inPlaceOf(elementwise.neg);
/** In-place form of {@link elementwise.reciprocal}. */
export const reciprocal_: InPlaceOperator<typeof elementwise.reciprocal> = inPlaceOf(elementwise.reciprocal);
/** In-place form of {@link elementwise.remainder}. */
export const remainder_: InPlaceOperator<typeof elementwise.remainder> = inPlaceOf(elementwise.remainder);
/** In-place form of {@link elementwise.rsqrt}. */
export const rsqrt_: InPlaceOperator<typeof elementwise.rsqrt> = inPlaceOf(elementwise.rsqrt);
/** In-place form of {@link elementwise.sqrt}. */
export const sqrt_: InPlaceOperator<typeof elementwise.sqrt> = inPlaceOf(elementwise.sqrt);
/** In-place form of {@link elementwise.square}. */
export const square_: InPlaceOperator<typeof elementwise.square> = inPlaceOf(elementwise.square);
/** In-place form of {@link elementwise.sub}. */
export const sub_: InPlaceOperator<typeof elementwise.sub> = inPlaceOf(elementwise.sub);
/** In-place form of {@link elementwise.trueDivide}. */
export const trueDivide_: InPlaceOperator<typeof elementwise.trueDivide> = inPlaceOf(elementwise.trueDivide);
/** Another name of {@link abs_}. */
export const absolute_: typeof abs_ = abs_;
/** Another name of {@link div_}. */
export const divide_: typeof div_ = div_;
/** Another name of {@link mul_}. */
export const multiply_: typeof mul_ = mul_;
/** Another name of {@link neg_}. */
export const negative_: typeof neg_ = neg_;
/** Another name of {@link sub_}. */
export const subtract_: typeof sub_ = sub_;
/** In-place form of {@link exponentials.exp}. */
export const exp_: InPlaceOperator<typeof exponentials.exp> = inPlaceOf(exponentials.exp);
/** In-place form of {@link exponentials.exp2}. */
export const exp2_: InPlaceOperator<typeof exponentials.exp2> = inPlaceOf(exponentials.exp2);
/** In-place form of {@link exponentials.expm1}. */
export const expm1_: InPlaceOperator<typeof exponentials.expm1> = inPlaceOf(exponentials.expm1);
/** In-place form of {@link exponentials.floatPower}. */
export const floatPower_: InPlaceOperator<typeof exponentials.floatPower> = inPlaceOf(
  exponentials.floatPower,
);
/** In-place form of {@link exponentials.ldexp}. */
export const ldexp_: InPlaceOperator<typeof exponentials.ldexp> = inPlaceOf(exponentials.ldexp);
/** In-place form of {@link exponentials.log}. */
export const log_: InPlaceOperator<typeof exponentials.log> = inPlaceOf(exponentials.log);
/** In-place form of {@link exponentials.log10}. */
export const log10_: InPlaceOperator<typeof exponentials.log10> = inPlaceOf(exponentials.log10);
/** In-place form of {@link exponentials.log1p}. */
export const log1p_: InPlaceOperator<typeof exponentials.log1p> = inPlaceOf(exponentials.log1p);
/** In-place form of {@link exponentials.log2}. */
export const log2_: InPlaceOperator<typeof exponentials.log2> = inPlaceOf(exponentials.log2);
/** In-place form of {@link exponentials.pow}. */
export const pow_: InPlaceOperator<typeof exponentials.pow> = inPlaceOf(exponentials.pow);
/** In-place form of {@link exponentials.xlogy}. */
export const xlogy_: InPlaceOperator<typeof exponentials.xlogy> = inPlaceOf(exponentials.xlogy);
/** In-place form of {@link limits.clamp}. */
export const clamp_: InPlaceOperator<typeof limits.clamp> = inPlaceOf(limits.clamp);
/** In-place form of {@link limits.clampMax}. */
export const clampMax_: InPlaceOperator<typeof limits.clampMax> = inPlaceOf(limits.clampMax);
/** In-place form of {@link limits.clampMin}. */
export const clampMin_: InPlaceOperator<typeof limits.clampMin> = inPlaceOf(limits.clampMin);
/** Another name of {@link clamp_}. */
export const clip_: typeof clamp_ = clamp_;
/** In-place form of {@link rounding.ceil}. */
export const ceil_: InPlaceOperator<typeof rounding.ceil> = inPlaceOf(rounding.ceil);
/** In-place form of {@link rounding.copysign}. */
export const copysign_: InPlaceOperator<typeof rounding.copysign> = inPlaceOf(rounding.copysign);
/** In-place form of {@link rounding.floor}. */
export const floor_: InPlaceOperator<typeof rounding.floor> = inPlaceOf(rounding.floor);
/** In-place form of {@link rounding.frac}. */
export const frac_: InPlaceOperator<typeof rounding.frac> = inPlaceOf(rounding.frac);
/** In-place form of {@link rounding.heaviside}. */
export const heaviside_: InPlaceOperator<typeof rounding.heaviside> = inPlaceOf(rounding.heaviside);
/** In-place form of {@link rounding.nanToNum}. */
export const nanToNum_: InPlaceOperator<typeof rounding.nanToNum> = inPlaceOf(rounding.nanToNum);
/** In-place form of {@link rounding.nextafter}. */
export const nextafter_: InPlaceOperator<typeof rounding.nextafter> = inPlaceOf(rounding.nextafter);
/** In-place form of {@link rounding.round}. */
export const round_: InPlaceOperator<typeof rounding.round> = inPlaceOf(rounding.round);
/** In-place form of {@link rounding.sgn}. */
export const sgn_: InPlaceOperator<typeof rounding.sgn> = inPlaceOf(rounding.sgn);
/** In-place form of {@link rounding.sign}. */
export const sign_: InPlaceOperator<typeof rounding.sign> = inPlaceOf(rounding.sign);
/** In-place form of {@link rounding.trunc}. */
export const trunc_: InPlaceOperator<typeof rounding.trunc> = inPlaceOf(rounding.trunc);
/** Another name of {@link trunc_}. */
export const fix_: typeof trunc_ = trunc_;
/** In-place form of {@link specialFunctions.digamma}. */
export const digamma_: InPlaceOperator<typeof specialFunctions.digamma> = inPlaceOf(specialFunctions.digamma);
/** In-place form of {@link specialFunctions.erf}. */
export const erf_: InPlaceOperator<typeof specialFunctions.erf> = inPlaceOf(specialFunctions.erf);
/** In-place form of {@link specialFunctions.erfc}. */
export const erfc_: InPlaceOperator<typeof specialFunctions.erfc> = inPlaceOf(specialFunctions.erfc);
/** In-place form of {@link specialFunctions.erfinv}. */
export const erfinv_: InPlaceOperator<typeof specialFunctions.erfinv> = inPlaceOf(specialFunctions.erfinv);
/** In-place form of {@link specialFunctions.i0}. */
export const i0_: InPlaceOperator<typeof specialFunctions.i0> = inPlaceOf(specialFunctions.i0);
/** In-place form of {@link specialFunctions.igamma}. */
export const igamma_: InPlaceOperator<typeof specialFunctions.igamma> = inPlaceOf(specialFunctions.igamma);
/** In-place form of {@link specialFunctions.igammac}. */
export const igammac_: InPlaceOperator<typeof specialFunctions.igammac> = inPlaceOf(specialFunctions.igammac);
/** In-place form of {@link specialFunctions.lgamma}. */
export const lgamma_: InPlaceOperator<typeof specialFunctions.lgamma> = inPlaceOf(specialFunctions.lgamma);
/** In-place form of {@link specialFunctions.mvlgamma}. */
export const mvlgamma_: InPlaceOperator<typeof specialFunctions.mvlgamma> = inPlaceOf(
  specialFunctions.mvlgamma,
);
/** In-place form of {@link trigonometry.acos}. */
export const acos_: InPlaceOperator<typeof trigonometry.acos> = inPlaceOf(trigonometry.acos);
/** In-place form of {@link trigonometry.acosh}. */
export const acosh_: InPlaceOperator<typeof trigonometry.acosh> = inPlaceOf(trigonometry.acosh);
/** In-place form of {@link trigonometry.asin}. */
export const asin_: InPlaceOperator<typeof trigonometry.asin> = inPlaceOf(trigonometry.asin);
/** In-place form of {@link trigonometry.asinh}. */
export const asinh_: InPlaceOperator<typeof trigonometry.asinh> = inPlaceOf(trigonometry.asinh);
/** In-place form of {@link trigonometry.atan}. */
export const atan_: InPlaceOperator<typeof trigonometry.atan> = inPlaceOf(trigonometry.atan);
/** In-place form of {@link trigonometry.atan2}. */
export const atan2_: InPlaceOperator<typeof trigonometry.atan2> = inPlaceOf(trigonometry.atan2);
/** In-place form of {@link trigonometry.atanh}. */
export const atanh_: InPlaceOperator<typeof trigonometry.atanh> = inPlaceOf(trigonometry.atanh);
/** In-place form of {@link trigonometry.cos}. */
export const cos_: InPlaceOperator<typeof trigonometry.cos> = inPlaceOf(trigonometry.cos);
/** In-place form of {@link trigonometry.cosh}. */
export const cosh_: InPlaceOperator<typeof trigonometry.cosh> = inPlaceOf(trigonometry.cosh);
/** In-place form of {@link trigonometry.deg2rad}. */
export const deg2rad_: InPlaceOperator<typeof trigonometry.deg2rad> = inPlaceOf(trigonometry.deg2rad);
/** In-place form of {@link trigonometry.hypot}. */
export const hypot_: InPlaceOperator<typeof trigonometry.hypot> = inPlaceOf(trigonometry.hypot);
/** In-place form of {@link trigonometry.rad2deg}. */
export const rad2deg_: InPlaceOperator<typeof trigonometry.rad2deg> = inPlaceOf(trigonometry.rad2deg);
/** In-place form of {@link trigonometry.sin}. */
export const sin_: InPlaceOperator<typeof trigonometry.sin> = inPlaceOf(trigonometry.sin);
/** In-place form of {@link trigonometry.sinc}. */
export const sinc_: InPlaceOperator<typeof trigonometry.sinc> = inPlaceOf(trigonometry.sinc);
/** In-place form of {@link trigonometry.sinh}. */
export const sinh_: InPlaceOperator<typeof trigonometry.sinh> = inPlaceOf(trigonometry.sinh);
/** In-place form of {@link trigonometry.tan}. */
export const tan_: InPlaceOperator<typeof trigonometry.tan> = inPlaceOf(trigonometry.tan);
/** In-place form of {@link trigonometry.tanh}. */
export const tanh_: InPlaceOperator<typeof trigonometry.tanh> = inPlaceOf(trigonometry.tanh);
/** Another name of {@link acos_}. */
export const arccos_: typeof acos_ = acos_;
/** Another name of {@link acosh_}. */
export const arccosh_: typeof acosh_ = acosh_;
/** Another name of {@link asin_}. */
export const arcsin_: typeof asin_ = asin_;
/** Another name of {@link asinh_}. */
export const arcsinh_: typeof asinh_ = asinh_;
/** Another name of {@link atan_}. */
export const arctan_: typeof atan_ = atan_;
/** Another name of {@link atan2_}. */
export const arctan2_: typeof atan2_ = atan2_;
/** Another name of {@link atanh_}. */
export const arctanh_: typeof atanh_ = atanh_;

/** In-place forms of the elementwise operators as methods; each returns the tensor itself. */
export interface InPlaceElementwiseMethods
  extends InPlaceForms<
      bitwise.BitwiseMethods,
      | 'bitwiseAnd'
      | 'bitwiseLeftShift'
      | 'bitwiseNot'
      | 'bitwiseOr'
      | 'bitwiseRightShift'
      | 'bitwiseXor'
      | 'gcd'
      | 'lcm'
    >,
    InPlaceForms<
      comparison.ComparisonMethods,
      | 'eq'
      | 'ge'
      | 'greater'
      | 'greaterEqual'
      | 'gt'
      | 'le'
      | 'less'
      | 'lessEqual'
      | 'logicalAnd'
      | 'logicalNot'
      | 'logicalOr'
      | 'logicalXor'
      | 'lt'
      | 'ne'
      | 'notEqual'
    >,
    InPlaceForms<
      elementwise.ElementwiseMethods,
      | 'abs'
      | 'absolute'
      | 'add'
      | 'addcdiv'
      | 'addcmul'
      | 'div'
      | 'divide'
      | 'floorDivide'
      | 'fmod'
      | 'lerp'
      | 'mul'
      | 'multiply'
      | 'neg'
      | 'negative'
      | 'reciprocal'
      | 'remainder'
      | 'rsqrt'
      | 'sqrt'
      | 'square'
      | 'sub'
      | 'subtract'
      | 'trueDivide'
    >,
    InPlaceForms<
      exponentials.ExponentialMethods,
      'exp' | 'exp2' | 'expm1' | 'floatPower' | 'ldexp' | 'log' | 'log10' | 'log1p' | 'log2' | 'pow' | 'xlogy'
    >,
    InPlaceForms<limits.LimitMethods, 'clamp' | 'clampMax' | 'clampMin' | 'clip'>,
    InPlaceForms<
      rounding.RoundingMethods,
      | 'ceil'
      | 'copysign'
      | 'fix'
      | 'floor'
      | 'frac'
      | 'heaviside'
      | 'nanToNum'
      | 'nextafter'
      | 'round'
      | 'sgn'
      | 'sign'
      | 'trunc'
    >,
    InPlaceForms<
      specialFunctions.SpecialFunctionMethods,
      'digamma' | 'erf' | 'erfc' | 'erfinv' | 'i0' | 'igamma' | 'igammac' | 'lgamma' | 'mvlgamma'
    >,
    InPlaceForms<
      trigonometry.TrigonometryMethods,
      | 'acos'
      | 'acosh'
      | 'arccos'
      | 'arccosh'
      | 'arcsin'
      | 'arcsinh'
      | 'arctan'
      | 'arctan2'
      | 'arctanh'
      | 'asin'
      | 'asinh'
      | 'atan'
      | 'atan2'
      | 'atanh'
      | 'cos'
      | 'cosh'
      | 'deg2rad'
      | 'hypot'
      | 'rad2deg'
      | 'sin'
      | 'sinc'
      | 'sinh'
      | 'tan'
      | 'tanh'
    > {}
