//! Arithmetic on slices that the compiler turns into wide vectors: sums in a fixed order, and an exponential exact to f32.

#[cfg(target_arch = "x86_64")]
use std::arch::is_x86_feature_detected as has;

/// Defines a function that runs in a version compiled for the widest vectors the processor has: AVX-512, or AVX2 with fused multiply-add.
///
/// The body is plain Rust, which fixes the order of sums, so that all versions give the same bits; functions called in it must be `#[inline(always)]` to
/// be compiled along.
macro_rules! wide {
    ($(#[$attribute:meta])* $visible:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $output:ty)? $body:block) => {
        $(#[$attribute])*
        $visible fn $name($($argument: $type),*) $(-> $output)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
                fn avx512($($argument: $type),*) $(-> $output)? $body
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($argument: $type),*) $(-> $output)? $body
                if $crate::train::ops::simd::has_avx512() {
                    // SAFETY: the processor has the features.
                    return unsafe { avx512($($argument),*) };
                }
                if $crate::train::ops::simd::has_avx2() {
                    // SAFETY: the processor has the features.
                    return unsafe { avx2($($argument),*) };
                }
            }
            $body
        }
    };
}
pub(crate) use wide;

/// Whether vectors may hold sixteen numbers.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn has_avx512() -> bool {
    has_avx2() && has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl")
}

/// Whether they may hold eight, with a product and a sum in one step.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn has_avx2() -> bool {
    has!("avx2") && has!("fma")
}

/// Independent partial sums, so that additions overlap; their number fixes the order of summation.
const LANES: usize = 16;

/// Sum of `a[i] * b[i]`.
#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            lanes[lane] = a[lane].mul_add(b[lane], lanes[lane]);
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

/// Sum of `values`.
#[inline(always)]
pub fn sum(values: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] += chunk[lane];
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

/// Largest of `values`; minus infinity if there is none.
#[inline(always)]
pub fn max(values: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] = if chunk[lane] > lanes[lane] { chunk[lane] } else { lanes[lane] };
        }
    }
    lanes.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max)
}

/// `e^x`, with a relative error below 2e-7; below -87 it is about 1e-38 instead of smaller, above 88 it stays finite.
///
/// `x = n ln 2 + r`: the Taylor series of `e^r` to the seventh power, times `2^n` written into the exponent bits.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to the nearest integer and leaves that integer in the low bits.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, the first short enough that n times it is exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN2_LOW, n.mul_add(-LN2_HIGH, x));
    let mut series = 1.0 / 5040.0;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        series = r.mul_add(series, coefficient);
    }
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    series * power
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[cfg(test)]
mod tests {
    use super::super::check::noise;
    use super::*;

    #[test]
    fn exponential_is_exact_to_f32() {
        for i in -8600..8700 {
            let x = i as f32 * 0.01003;
            let want = f64::from(x).exp();
            let error = (f64::from(exp(x)) - want).abs() / want;
            assert!(error < 2e-7, "e^{x}: relative error {error:e}");
        }
        assert!(exp(f32::NAN).is_nan());
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
    }

    wide! {
        fn in_wide_vectors(a: &[f32], b: &[f32]) -> [f32; 4] {
            [dot(a, b), sum(a), max(b), a.iter().zip(b).map(|(a, b)| exp(*a) * b).sum()]
        }
    }

    #[test]
    fn wider_vectors_give_the_same_bits() {
        let (a, b) = (noise(1003, 1), noise(1003, 2));
        let plain = [dot(&a, &b), sum(&a), max(&b), a.iter().zip(&b).map(|(a, b)| exp(*a) * b).sum()];
        assert_eq!(in_wide_vectors(&a, &b).map(f32::to_bits), plain.map(f32::to_bits));
    }

    #[test]
    fn sums_take_in_the_rest_after_the_last_full_vector() {
        let values: Vec<f32> = (0..37).map(|i| i as f32).collect();
        assert_eq!(sum(&values), 666.0);
        assert_eq!(dot(&values, &values), 16206.0);
        assert_eq!(max(&values), 36.0);
    }
}
