// The exponential, and softmax of a panel of attention scores with its row and column sums.
//
// exp(x) = 2^n 2^f with n = round(x log2 e): the rounding is one fused multiply-add that adds 1.5 * 2^23, whose low
// mantissa bits then hold n; a polynomial of degree 4 gives 2^f within 2.7e-6; n is shifted into the exponent. That is
// 6 multiply-adds and 5 additions, which go to different ports on Zen; vscalef and vreduce would need fewer
// instructions but run at half rate there.
#pragma once

#include "kernels.h"
#include "simd.h"

namespace quantlat {
namespace QL_ISA {

constexpr float kLog2E = 1.44269504088896341f;
constexpr float kRoundingShift = 12582912.0f;  // 1.5 * 2^23
constexpr float kLowestExponent = -120.0f;     // 2^-120 is zero in s16 and keeps the shifted exponent in range

// 2^f for f in [-0.5, 0.5].
QL_INLINE F exp2_fraction(F f) {
  F p = f_set(0.00968571100383997f);
  p = f_fma(p, f, f_set(0.055922023952007294f));
  p = f_fma(p, f, f_set(0.2402186542749405f));
  p = f_fma(p, f, f_set(0.6931210160255432f));
  return f_fma(p, f, f_set(1.0000001192092896f));
}

// 2^t, t in [kLowestExponent, 64].
QL_INLINE F exp2_bounded(F t) {
  const F shifted = f_add(t, f_set(kRoundingShift));
  const F fraction = f_sub(t, f_sub(shifted, f_set(kRoundingShift)));
  return as_float(i_add(as_int(exp2_fraction(fraction)), i_shift_left<23>(as_int(shifted))));
}

QL_INLINE F exp_negative(F x) { return exp2_bounded(f_max(f_mul(x, f_set(kLog2E)), f_set(kLowestExponent))); }

// Unnormalised probabilities are kept as s16 with the row's largest at 2^14.
constexpr int kProbabilityBits = 14;

// Largest score of a row. `keys` is a multiple of 16; columns behind the last key hold INT32_MIN.
QL_INLINE int32_t largest_score(const int32_t* scores, int keys) {
  I largest0 = i_set(INT32_MIN), largest1 = largest0;
  int j = 0;
  for (; j + 2 * kLanes <= keys; j += 2 * kLanes) {
    largest0 = i_max(largest0, i_load(scores + j));
    largest1 = i_max(largest1, i_load(scores + j + kLanes));
  }
  if (j < keys) largest0 = i_max(largest0, i_load(scores + j));
  return i_largest(i_max(largest0, largest1));
}

// Exponentials of a row: 2^14 exp(factor (s - largest)) as s16, in the order of store_s16(); if the number of vectors is
// odd, the last is in that of store_s16_last(). With KeepFloat they replace the scores as well. Returns their sum.
template <bool KeepFloat>
QL_INLINE F exponentials(float* scores, int length, int keys, int32_t largest, float factor, int16_t* out) {
  const int32_t* s = reinterpret_cast<const int32_t*>(scores);
  // Scores this far below the largest give zero in s16; raising them to here keeps the exponent in range.
  const float reach = -kLowestExponent / factor;
  const bool reached = reach < static_cast<float>(largest) + 2147483648.0f;
  const I floor = i_set(reached ? static_cast<int32_t>(static_cast<float>(largest) - reach) : INT32_MIN);
  const F scale = f_set(factor);
  const F offset = f_set(kProbabilityBits - static_cast<float>(largest) * factor);
  const auto exponential = [&](int j) {
    return exp2_bounded(f_fma(to_float(i_max(i_load(s + j), floor)), scale, offset));
  };
  F sum0 = f_zero(), sum1 = f_zero();
  int j = 0;
  for (; j + 2 * kLanes <= keys; j += 2 * kLanes) {
    F e0 = exponential(j), e1 = exponential(j + kLanes);
    if (j + 2 * kLanes > length) {
      e0 = f_first_n(e0, length - j);
      e1 = f_first_n(e1, length - j - kLanes);
    }
    if (KeepFloat) {
      f_store(scores + j, e0);
      f_store(scores + j + kLanes, e1);
    }
    sum0 = f_add(sum0, e0);
    sum1 = f_add(sum1, e1);
    store_s16(out + j, to_int(e0), to_int(e1));
  }
  if (j < keys) {
    const F e = f_first_n(exponential(j), length - j);
    if (KeepFloat) f_store(scores + j, e);
    sum0 = f_add(sum0, e);
    store_s16_last(out + j, to_int(e));
  }
  return f_add(sum0, sum1);
}

// Softmax of a panel of rows. Maxima, exponentials and sums are made for all rows one after the other, so that the
// latency of a row's reduction is hidden behind the next row's.
template <bool KeepFloat>
inline void softmax_panel(float* scores, int rows, int length, int keys, int64_t stride, float factor, int16_t* out,
                          float* row_scale) {
  int32_t largest[kScoreRows];
  for (int r = 0; r < rows; ++r) {
    largest[r] = largest_score(reinterpret_cast<const int32_t*>(scores) + r * stride, keys);
  }
  alignas(64) float sums[kScoreRows][kLanes];
  for (int r = 0; r < rows; ++r) {
    const ptrdiff_t at = r * stride;
    f_store(sums[r], exponentials<KeepFloat>(scores + at, length, keys, largest[r], factor, out + at));
  }
  for (int r = 0; r < rows; ++r) row_scale[r] = 1.0f / f_sum(f_load(sums[r]));
}

// received[j] += sum over the panel's rows of exponential[r][j] * weight[r].
QL_INLINE void add_received(const float* exponentials, int rows, int keys, int64_t stride, const float* weights,
                            float* received) {
  for (int j = 0; j < keys; j += kLanes) {
    F sum = f_load(received + j);
    for (int r = 0; r < rows; ++r) {
      sum = f_fma(f_load(exponentials + r * stride + j), f_set(weights[r]), sum);
    }
    f_store(received + j, sum);
  }
}

inline void exp_negative_all(const float* x, float* out, int count) {
  for (int i = 0; i < count; i += kLanes) {
    const int n = min_of(kLanes, count - i);
    f_store_n(out + i, exp_negative(f_load_n(x + i, n)), n);
  }
}

}  // namespace QL_ISA
}  // namespace quantlat
