// Q, K and V of one head as the products of attention want them: s16, scaled by the values at hand, packed.
#pragma once

#include "dot_block.h"
#include "kernels.h"
#include "softmax.h"

namespace quantlat {
namespace QL_ISA {

// Keys that are computed for `length` of them: half blocks. Rows are whole blocks apart.
QL_INLINE int computed_keys(int length) { return static_cast<int>(round_up(length, kBlockColumns / 2)); }
QL_INLINE int key_stride(int length) { return static_cast<int>(round_up(length, kBlockColumns)); }

// Columns [column, column + kLanes) of a row of Q, K or V, as far as they belong to the head.
QL_INLINE F head_columns(const HeadTask& task, const float* row, int column) {
  const float* x = row + column / kBlockColumns * task.block_stride + column % kBlockColumns;
  const int n = task.head_size - column;
  return n >= kLanes ? f_load(x) : n > 0 ? f_load_n(x, n) : f_zero();
}

// Of each column of a head's Q, K or V: the largest magnitude, and the sum of magnitudes.
struct ColumnSizes {
  alignas(64) float largest[kMaxHeadSize];
  alignas(64) float sum[kMaxHeadSize];
};

QL_INLINE void measure_columns(const HeadTask& task, const float* x, ColumnSizes& sizes) {
  for (int i = 0; i < task.head_size; i += kLanes) {
    F largest = f_zero(), sum = f_zero();
    for (int row = 0; row < task.length; ++row) {
      const F magnitude = f_abs(head_columns(task, x + row * task.stride, i));
      largest = f_max(magnitude, largest);
      sum = f_add(sum, magnitude);
    }
    f_store(sizes.largest + i, largest);
    f_store(sizes.sum + i, sum);
  }
}

QL_INLINE float largest_of(const float* x, int count) {
  float largest = 0.0f;
  for (int i = 0; i < count; ++i) largest = x[i] > largest ? x[i] : largest;
  return largest;
}

// What to multiply a value with so that its largest becomes `levels`; 1 for a matrix of zeros.
QL_INLINE float inverse_step(float largest, float levels) { return largest > 1e-30f ? levels / largest : 1.0f; }

// What Q and K are multiplied with. No score can exceed the sum over columns of the largest query times the largest
// key, so the levels follow from that sum and need no reserve: a score stays within 2^30.
struct ScoreSteps {
  float query;
  float key;
};

QL_INLINE ScoreSteps score_steps(const HeadTask& task) {
  ColumnSizes query, key;
  measure_columns(task, task.query, query);
  measure_columns(task, task.key, key);
  const float q = largest_of(query.largest, task.head_size), k = largest_of(key.largest, task.head_size);
  float largest_score = 0.0f;
  for (int i = 0; i < task.head_size; ++i) largest_score += query.largest[i] * key.largest[i];
  float levels = 32767.0f;
  if (largest_score > 1e-30f) {
    const float fit = __builtin_sqrtf(1.0e9f * (q * k / largest_score));
    levels = fit < levels ? fit : levels;
  }
  return {inverse_step(q, levels), inverse_step(k, levels)};
}

// Two s16 in a lane.
QL_INLINE I pair_of(I low, I high) { return i_or(i_and(low, i_set(0xffff)), i_shift_left<16>(high)); }

// Q and K are packed as pairs of s16: in a group of 2 kLanes columns, column p and column p + kLanes. Any order of the
// columns gives the same scores, and this one needs no lane to move.
QL_INLINE int pairs_of(int head_size) {
  return head_size / (2 * kLanes) * kLanes + min_of(kLanes, head_size % (2 * kLanes));
}

QL_INLINE I head_pairs(const HeadTask& task, const float* row, int column, F scale) {
  const I low = to_int(f_mul(head_columns(task, row, column), scale));
  const I high = to_int(f_mul(head_columns(task, row, column + kLanes), scale));
  return pair_of(low, high);
}

inline void pack_query(const HeadTask& task, float step) {
  const int pairs = pairs_of(task.head_size);
  const F scale = f_set(step);
  int32_t* out = reinterpret_cast<int32_t*>(task.workspace.query);
  for (int row = 0; row < task.length; ++row, out += pairs) {
    const float* x = task.query + row * task.stride;
    for (int p = 0; p < pairs; p += kLanes) {
      i_store_n(out + p, head_pairs(task, x, 2 * p, scale), min_of(kLanes, pairs - p));
    }
  }
}

// kLanes keys at a time: each gives a vector of pairs, and a step of the product wants a vector of keys for each pair.
inline void pack_key(const HeadTask& task, float step) {
  const int pairs = pairs_of(task.head_size);
  const F scale = f_set(step);
  for (int first = 0; first < round_up(task.length, kBlockColumns); first += kLanes) {
    int32_t* out = reinterpret_cast<int32_t*>(task.workspace.key) +
                   static_cast<ptrdiff_t>(first / kBlockColumns) * pairs * kBlockColumns + first % kBlockColumns;
    const int keys = min_of(kLanes, task.length - first);
    for (int p = 0; p < pairs; p += kLanes) {
      I lanes[kLanes];
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i) {
        lanes[i] = i < keys ? head_pairs(task, task.key + (first + i) * task.stride, 2 * p, scale) : i_zero();
      }
      i_transpose(lanes);
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i) {
        if (p + i < pairs) i_store(out + static_cast<ptrdiff_t>(p + i) * kBlockColumns, lanes[i]);
      }
    }
  }
}

// Pairs of rows of V, interleaved, in the order in which the probabilities are stored (softmax.h). Each column has its
// own scale, as large as s16 and the accumulator allow: a sum of products is at most the largest probability times the
// column's sum of magnitudes.
inline void pack_value(const HeadTask& task) {
  const int keys = computed_keys(task.length), stride = key_stride(task.length);
  const int head_blocks = static_cast<int>(round_up(task.head_size, kBlockColumns)) / kBlockColumns;
  ColumnSizes sizes;
  measure_columns(task, task.value, sizes);
  alignas(64) float step[kMaxHeadSize] = {};
  const float room = static_cast<float>(1 << (31 - kProbabilityBits)) - static_cast<float>(task.length);
  for (int i = 0; i < task.head_size; ++i) {
    const float by_largest = inverse_step(sizes.largest[i], 32767.0f), by_sum = inverse_step(sizes.sum[i], room);
    step[i] = by_largest < by_sum ? by_largest : by_sum;
    task.value_scale[i] = 1.0f / step[i];
  }
  for (int pair = 0; pair < keys / 2; ++pair) {
    const int first = pair / kLanes * 2 * kLanes;
    const bool whole = first + 2 * kLanes <= keys;  // else one vector is left, which is in order
    const int token = first + 2 * (whole ? packed_pair(pair % kLanes) : pair % kLanes);
    const bool has0 = token < task.length, has1 = token + 1 < task.length;
    const float* v0 = task.value + (has0 ? token : 0) * task.stride;
    const float* v1 = task.value + (has1 ? token + 1 : 0) * task.stride;
    for (int hb = 0; hb < head_blocks; ++hb) {
      int16_t* out = task.packed_value + (static_cast<ptrdiff_t>(hb) * (stride / 2) + pair) * kBlockColumns * 2;
      for (int j = 0; j < kBlockColumns; j += kLanes) {
        const int column = hb * kBlockColumns + j;
        const F scale = f_load(step + column);
        const I q0 = has0 ? to_int(f_mul(head_columns(task, v0, column), scale)) : i_zero();
        const I q1 = has1 ? to_int(f_mul(head_columns(task, v1, column), scale)) : i_zero();
        i_store(reinterpret_cast<int32_t*>(out + 2 * j), pair_of(q0, q1));
      }
    }
  }
}

}  // namespace QL_ISA
}  // namespace quantlat
