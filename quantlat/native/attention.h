// One head of one sequence: pack Q, K, V; then, twelve query rows at a time, scores, softmax, context.
//
//   scores   s16 x s16 -> s32, Q and K scaled per head by their own size, so no calibration is needed. The product is
//            the same block as in the linears: the keys take the place of output columns, packed
//            [keys / 32][pairs of columns][32][2]. Twelve to fourteen bits are kept. Eight would be twice as fast, but
//            their error is a third of what quantising the model costs.
//   softmax  one pass over scores that are still in L1; see softmax.h. The column sums (significance) follow while
//            the panel's exponentials are in L1.
//   context  s16 x s16 -> s32. Eight bits are too few for probabilities: with 300 keys a tail of values below 1/510 of
//            the row's largest would be rounded to nothing together. They are kept with 14 bits, V with as many in
//            each column as cannot overflow the accumulator (11 to 13 for some hundred keys).
//
// When the layer drops tokens, the probabilities are stored and the product with V is made for kept rows only, after
// all heads have voted (attention_context).
#pragma once

#include "dot_block.h"
#include "kernels.h"
#include "layer_norm.h"
#include "softmax.h"

namespace quantlat {
namespace QL_ISA {

constexpr float kSmallestScoreFactor = 1e-30f;

// Keys that are computed for `length` of them: half blocks. Rows are whole blocks apart.
QL_INLINE int computed_keys(int length) { return static_cast<int>(round_up(length, kBlockColumns / 2)); }
QL_INLINE int key_stride(int length) { return static_cast<int>(round_up(length, kBlockColumns)); }

// Scores of keys that do not exist become the least number.
struct StoreScores {
  float* out;
  int64_t stride;
  int columns;  // of this block that are keys
  template <int MR, int V>
  QL_INLINE void apply(int row, const Tile<MR, V>& c) const {
#pragma GCC unroll 12
    for (int r = 0; r < MR; ++r) {
#pragma GCC unroll 32
      for (int j = 0; j < V; ++j) {
        const int n = columns - j * kLanes;
        const I scores = n >= kLanes ? c.v[r][j] : i_first_n(c.v[r][j], n, INT32_MIN);
        i_store(reinterpret_cast<int32_t*>(out + (row + r) * stride + j * kLanes), scores);
      }
    }
  }
};

struct StoreContext {
  const float* row_scale;
  const float* value_scale;  // of this block's columns
  int columns;  // of this block that belong to the head
  uint8_t* u8;
  float* f32;
  int64_t stride;
  Quantizer quantizer;
  template <int MR>
  QL_INLINE void apply(int row, const Tile<MR>& c) const {
    const F zero = f_set(quantizer.zero_point);
#pragma GCC unroll 32
    for (int j = 0; j < kVecs; ++j) {
      const int n = columns - j * kLanes;
      if (n <= 0) continue;
      F step = f_load(value_scale + j * kLanes);
      if (u8) {
        const float* inverse = quantizer.inverse_step + j * kLanes;
        step = f_mul(step, n >= kLanes ? f_load(inverse) : f_load_n(inverse, n));
      }
#pragma GCC unroll 12
      for (int r = 0; r < MR; ++r) {
        const F y = f_mul(to_float(c.v[r][j]), f_set(row_scale[row + r]));
        const int64_t at = (row + r) * stride + j * kLanes;
        if (u8) {
          const I q = to_levels(y, step, zero);
          if (n >= kLanes) store_u8(u8 + at, q); else store_u8_n(u8 + at, q, n);
        } else {
          const F x = f_mul(y, step);
          if (n >= kLanes) f_store(f32 + at, x); else f_store_n(f32 + at, x, n);
        }
      }
    }
  }
};

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

// Q and K are packed as pairs of s16: in a group of 2 kLanes columns, column p and column p + kLanes. Any order of the
// columns gives the same scores, and this one needs no lane to move.
QL_INLINE int pairs_of(int head_size) {
  return head_size / (2 * kLanes) * kLanes + min_of(kLanes, head_size % (2 * kLanes));
}

QL_INLINE I head_pairs(const HeadTask& task, const float* row, int column, F scale) {
  const I low = to_int(f_mul(head_columns(task, row, column), scale));
  const I high = to_int(f_mul(head_columns(task, row, column + kLanes), scale));
  return i_or(i_and(low, i_set(0xffff)), i_shift_left<16>(high));
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
  const I low_half = i_set(0xffff);
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
        i_store(reinterpret_cast<int32_t*>(out + 2 * j), i_or(i_and(q0, low_half), i_shift_left<16>(q1)));
      }
    }
  }
}

inline void multiply_value(const int16_t* probability, int rows, int length, int head_size, const int16_t* value,
                           StoreContext store) {
  const int stride = key_stride(length);
  const int64_t block = static_cast<int64_t>(stride / 2) * kBlockColumns * 2;
  for (int column = 0; column < head_size; column += kBlockColumns, value += block) {
    store.columns = head_size - column;
    run_rows<Dot::kS16S16>(reinterpret_cast<const uint8_t*>(probability), 2 * stride, rows,
                           reinterpret_cast<const uint8_t*>(value), computed_keys(length) / 2, nullptr, store);
    store.value_scale += kBlockColumns;
    if (store.u8) {
      store.u8 += kBlockColumns;
      store.quantizer = store.quantizer.from(kBlockColumns);
    }
    if (store.f32) store.f32 += kBlockColumns;
  }
}

// Scores of some rows of packed queries against all keys.
inline void multiply_key(const HeadTask& task, int row, int rows) {
  const HeadWorkspace& w = task.workspace;
  const int pairs = pairs_of(task.head_size), stride = key_stride(task.length);
  const uint8_t* query = reinterpret_cast<const uint8_t*>(w.query) + static_cast<ptrdiff_t>(row) * pairs * 4;
  const uint8_t* key = reinterpret_cast<const uint8_t*>(w.key);
  for (int left = task.length; left > 0; left -= kBlockColumns, key += static_cast<ptrdiff_t>(pairs) * kStepBytes) {
    const StoreScores store{w.scores + (task.length - left), stride, left};
    if (left > kBlockColumns / 2) {
      run_rows<Dot::kS16S16>(query, pairs * 4, rows, key, pairs, nullptr, store);
    } else {
      run_rows<Dot::kS16S16, kVecs / 2>(query, pairs * 4, rows, key, pairs, nullptr, store);
    }
  }
}

inline void attention_head(const HeadTask& task) {
  const HeadWorkspace& w = task.workspace;
  const int keys = computed_keys(task.length), stride = key_stride(task.length);
  const ScoreSteps steps = score_steps(task);
  pack_query(task, steps.query);
  pack_key(task, steps.key);
  pack_value(task);
  const float product = kLog2E / __builtin_sqrtf(static_cast<float>(task.head_size)) / steps.query / steps.key;
  const float factor = product > kSmallestScoreFactor ? product : kSmallestScoreFactor;
  if (task.received) __builtin_memset(task.received, 0, static_cast<size_t>(stride) * sizeof(float));
  for (int row = 0; row < task.length; row += kScoreRows) {
    const int rows = min_of(kScoreRows, task.length - row);
    multiply_key(task, row, rows);
    int16_t* probability =
        task.probabilities ? task.probabilities + static_cast<ptrdiff_t>(row) * stride : w.probability;
    float row_scale[kScoreRows];
    if (task.received) {
      softmax_panel<true>(w.scores, rows, task.length, keys, stride, factor, probability, row_scale);
      add_received(w.scores, rows, keys, stride, row_scale, task.received);
    } else {
      softmax_panel<false>(w.scores, rows, task.length, keys, stride, factor, probability, row_scale);
    }
    if (task.probabilities) {
      for (int r = 0; r < rows; ++r) task.row_scale[row + r] = row_scale[r];
      continue;
    }
    multiply_value(probability, rows, task.length, task.head_size, task.packed_value,
                   StoreContext{row_scale, task.value_scale, 0,
                                task.context_u8 ? task.context_u8 + row * task.context_stride : nullptr,
                                task.context_f32 ? task.context_f32 + row * task.context_stride : nullptr,
                                task.context_stride, task.context_quantizer});
  }
}

inline void attention_context(const ContextTask& task) {
  const int stride = key_stride(task.length);
  for (int first = 0; first < task.kept_count; first += kScoreRows) {
    const int rows = min_of(kScoreRows, task.kept_count - first);
    float row_scale[kScoreRows];
    for (int r = 0; r < rows; ++r) {
      const int32_t source = task.kept[first + r];
      row_scale[r] = task.row_scale[source];
      __builtin_memcpy(task.gathered + static_cast<ptrdiff_t>(r) * stride,
                       task.probabilities + static_cast<ptrdiff_t>(source) * stride,
                       static_cast<size_t>(computed_keys(task.length)) * sizeof(int16_t));
    }
    multiply_value(task.gathered, rows, task.length, task.head_size, task.packed_value,
                   StoreContext{row_scale, task.value_scale, 0,
                                task.context_u8 ? task.context_u8 + first * task.context_stride : nullptr,
                                task.context_f32 ? task.context_f32 + first * task.context_stride : nullptr,
                                task.context_stride, task.context_quantizer});
  }
}

}  // namespace QL_ISA
}  // namespace quantlat
