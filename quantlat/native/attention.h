// One head of one sequence: pack Q, K, V; then, twelve query rows at a time, scores, softmax, context.
//
//   scores   u8 x s8 -> s32. Q is quantised per row (offset 128), K per head, both from their own largest value, so
//            no calibration is needed and the product is the same block as in the linears: the keys take the place of
//            output columns, packed [keys / 32][head size / 4][32][4]. The offset is taken back by the accumulators'
//            start, -128 * sum(k), which is also where columns behind the last key become very negative.
//   softmax  one pass over scores that are still in L1; see softmax.h. The column sums (significance) follow while
//            the panel's exponentials are in L1.
//   context  s16 x s16 -> s32. Eight bits are too few for probabilities: with 300 keys a tail of values below 1/510 of
//            the row's largest would be rounded to nothing together. They are kept with 13 bits, V with as many as
//            cannot overflow the accumulator (9 for 512 keys, 11 for 128).
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

constexpr float kSmallestScoreFactor = 1.0f / 16777216.0f;

struct StoreScores {
  float* out;
  int64_t stride;
  template <int MR>
  QL_INLINE void apply(int row, const Tile<MR>& c) const {
#pragma GCC unroll 12
    for (int r = 0; r < MR; ++r) {
#pragma GCC unroll 32
      for (int j = 0; j < kVecs; ++j) {
        i_store(reinterpret_cast<int32_t*>(out + (row + r) * stride + j * kLanes), c.v[r][j]);
      }
    }
  }
};

struct StoreContext {
  const float* row_scale;
  float value_scale;
  int columns;  // of this block that belong to the head
  uint8_t* u8;
  float* f32;
  int64_t stride;
  Quantizer quantizer;
  template <int MR>
  QL_INLINE void apply(int row, const Tile<MR>& c) const {
    const F inverse = f_set(quantizer.inverse_scale), zero = f_set(quantizer.zero_point);
#pragma GCC unroll 12
    for (int r = 0; r < MR; ++r) {
      const F s = f_set(row_scale[row + r] * value_scale);
#pragma GCC unroll 32
      for (int j = 0; j < kVecs; ++j) {
        const int n = columns - j * kLanes;
        if (n <= 0) continue;
        const F y = f_mul(to_float(c.v[r][j]), s);
        const int64_t at = (row + r) * stride + j * kLanes;
        if (u8) {
          const I q = to_u8_range(y, inverse, zero);
          if (n >= kLanes) store_u8(u8 + at, q); else store_u8_n(u8 + at, q, n);
        } else {
          if (n >= kLanes) f_store(f32 + at, y); else f_store_n(f32 + at, y, n);
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

QL_INLINE F largest_magnitude(const HeadTask& task, const float* row, F so_far) {
  for (int i = 0; i < task.head_size; i += kLanes) so_far = f_max(f_abs(head_columns(task, row, i)), so_far);
  return so_far;
}

// What to multiply a value with so that its largest becomes `levels`; 1 for a matrix of zeros.
QL_INLINE float inverse_step(float largest, float levels) { return largest > 1e-30f ? levels / largest : 1.0f; }

inline void pack_query(const HeadTask& task) {
  const HeadWorkspace& w = task.workspace;
  const int row_bytes = static_cast<int>(round_up(task.head_size, 4));
  for (int row = 0; row < task.length; ++row) {
    const float* x = task.query + row * task.stride;
    const float inverse = inverse_step(f_largest(largest_magnitude(task, x, f_zero())), 127.0f);
    uint8_t* out = w.query + static_cast<ptrdiff_t>(row) * row_bytes;
    for (int i = 0; i < task.head_size; i += kLanes) {
      const I q = to_u8_range(head_columns(task, x, i), f_set(inverse), f_set(128.0f));
      const int n = task.head_size - i;
      if (n >= kLanes) store_u8(out + i, q); else store_u8_n(out + i, q, n);
    }
    w.query_scale[row] = 1.0f / inverse;
  }
}

// Returns K's scale. The mean over all keys is taken away first: it adds the same to every score of a row, so softmax
// does not see it, and what is left has a smaller range and so a finer step.
inline float pack_key(const HeadTask& task) {
  const HeadWorkspace& w = task.workspace;
  const int steps = static_cast<int>(round_up(task.head_size, 4)) / 4;
  const int blocks = static_cast<int>(round_up(task.length, kBlockColumns)) / kBlockColumns;
  float* mean = w.scores;  // [head size]; nothing else is there yet
  F largest = f_zero();
  for (int i = 0; i < task.head_size; i += kLanes) {
    F sum = f_zero();
    for (int row = 0; row < task.length; ++row) sum = f_add(sum, head_columns(task, task.key + row * task.stride, i));
    const F centre = f_mul(sum, f_set(1.0f / static_cast<float>(task.length)));
    f_store(mean + i, centre);
    for (int row = 0; row < task.length; ++row) {
      largest = f_max(f_abs(f_sub(head_columns(task, task.key + row * task.stride, i), centre)), largest);
    }
  }
  const float inverse = inverse_step(f_largest(largest), 127.0f);
  const F scale = f_set(inverse);
  const bool whole = task.head_size % 4 == 0 && task.length % kBlockColumns == 0;
  if (!whole) {  // one lane at a time leaves gaps when the head size is no multiple of 4; the last block may be partial
    const int from = kLanes == 1 ? 0 : blocks - 1;
    __builtin_memset(w.key + static_cast<ptrdiff_t>(from) * steps * kStepBytes, 0,
                     static_cast<size_t>(blocks - from) * steps * kStepBytes);
  }
  for (int row = 0; row < task.length; ++row) {
    const float* x = task.key + row * task.stride;
    uint8_t* out = w.key + static_cast<ptrdiff_t>(row / kBlockColumns) * steps * kStepBytes + row % kBlockColumns * 4;
    for (int i = 0; i < task.head_size; i += kLanes) {
      alignas(16) int8_t lanes[16] = {};
      const int n = min_of(kLanes, task.head_size - i);
      store_s8_n(lanes, to_int(f_mul(f_sub(head_columns(task, x, i), f_load(mean + i)), scale)), n);
      if (kLanes == 1) {
        out[i / 4 * kStepBytes + i % 4] = static_cast<uint8_t>(lanes[0]);
        continue;
      }
      for (int d = 0; d < n; d += 4) __builtin_memcpy(out + (i + d) / 4 * kStepBytes, lanes + d, 4);
    }
  }
  // -128 * sum(k) by the same dot product: a row of 128s against the packed keys.
  for (int b = 0; b < blocks; ++b) {
    int32_t* start = w.key_start + b * kBlockColumns;
    const uint8_t* key = w.key + static_cast<ptrdiff_t>(b) * steps * kStepBytes;
    Tile<1> sum;
    start_tile<1>(sum, nullptr);
    const uint8_t offsets[4] = {128, 128, 128, 128};
    for (int k = 0; k < steps; ++k) accumulate<Dot::kU8S8, 1>(sum, offsets, 0, key + k * kStepBytes, 1);
#pragma GCC unroll 32
    for (int j = 0; j < kVecs; ++j) i_store(start + j * kLanes, i_sub(i_zero(), sum.v[0][j]));
  }
  for (int j = task.length; j < blocks * kBlockColumns; ++j) w.key_start[j] = INT32_MIN;
  return 1.0f / inverse;
}

QL_INLINE int value_bits(int length) {
  int log2 = 0;
  while ((1 << log2) < length) ++log2;
  return max_of(1, min_of(15, 31 - kProbabilityBits - log2));
}

// Pairs of rows of V, interleaved, in the order in which store_s16() leaves the probabilities. Returns the scale.
inline float pack_value(const HeadTask& task) {
  const int padded = static_cast<int>(round_up(task.length, kBlockColumns));
  const int head_blocks = static_cast<int>(round_up(task.head_size, kBlockColumns)) / kBlockColumns;
  F largest = f_zero();
  for (int row = 0; row < task.length; ++row) {
    largest = largest_magnitude(task, task.value + row * task.stride, largest);
  }
  const float levels = static_cast<float>((1 << value_bits(task.length)) - 1);
  const float inverse = inverse_step(f_largest(largest), levels);
  const F scale = f_set(inverse);
  const I low_half = i_set(0xffff);
  for (int pair = 0; pair < padded / 2; ++pair) {
    const int token = (pair / kLanes) * 2 * kLanes + 2 * packed_pair(pair % kLanes);
    const bool has0 = token < task.length, has1 = token + 1 < task.length;
    const float* v0 = task.value + (has0 ? token : 0) * task.stride;
    const float* v1 = task.value + (has1 ? token + 1 : 0) * task.stride;
    for (int hb = 0; hb < head_blocks; ++hb) {
      int16_t* out = task.packed_value + (static_cast<ptrdiff_t>(hb) * (padded / 2) + pair) * kBlockColumns * 2;
      for (int j = 0; j < kBlockColumns; j += kLanes) {
        const int column = hb * kBlockColumns + j;
        const I q0 = has0 ? to_int(f_mul(head_columns(task, v0, column), scale)) : i_zero();
        const I q1 = has1 ? to_int(f_mul(head_columns(task, v1, column), scale)) : i_zero();
        i_store(reinterpret_cast<int32_t*>(out + 2 * j), i_or(i_and(q0, low_half), i_shift_left<16>(q1)));
      }
    }
  }
  return 1.0f / inverse;
}

inline void multiply_value(const int16_t* probability, int rows, int padded, int head_size, const int16_t* value,
                           StoreContext store) {
  const int64_t block = static_cast<int64_t>(padded / 2) * kBlockColumns * 2;
  for (int column = 0; column < head_size; column += kBlockColumns, value += block) {
    store.columns = head_size - column;
    run_rows<Dot::kS16S16>(reinterpret_cast<const uint8_t*>(probability), 2 * padded, rows,
                           reinterpret_cast<const uint8_t*>(value), padded / 2, nullptr, store);
    if (store.u8) store.u8 += kBlockColumns;
    if (store.f32) store.f32 += kBlockColumns;
  }
}

inline void attention_head(const HeadTask& task) {
  const HeadWorkspace& w = task.workspace;
  const int padded = static_cast<int>(round_up(task.length, kBlockColumns));
  const int steps = static_cast<int>(round_up(task.head_size, 4)) / 4;
  pack_query(task);
  const float key_scale = pack_key(task);
  *task.value_scale = pack_value(task);
  const float base = key_scale * kLog2E / __builtin_sqrtf(static_cast<float>(task.head_size));
  if (task.received) __builtin_memset(task.received, 0, static_cast<size_t>(padded) * sizeof(float));
  for (int row = 0; row < task.length; row += kScoreRows) {
    const int rows = min_of(kScoreRows, task.length - row);
    const uint8_t* query = w.query + static_cast<ptrdiff_t>(row) * steps * 4;
    for (int b = 0; b < padded / kBlockColumns; ++b) {
      run_rows<Dot::kU8S8>(query, steps * 4, rows, w.key + static_cast<ptrdiff_t>(b) * steps * kStepBytes, steps,
                           w.key_start + b * kBlockColumns, StoreScores{w.scores + b * kBlockColumns, padded});
    }
    int16_t* probability =
        task.probabilities ? task.probabilities + static_cast<ptrdiff_t>(row) * padded : w.probability;
    float row_scale[kScoreRows];
    for (int r = 0; r < rows; ++r) {
      const float product = w.query_scale[row + r] * base;
      const float factor = product > kSmallestScoreFactor ? product : kSmallestScoreFactor;
      float* scores = w.scores + static_cast<ptrdiff_t>(r) * padded;
      int16_t* out = probability + static_cast<ptrdiff_t>(r) * padded;
      row_scale[r] = 1.0f / (task.received ? softmax_row<true>(scores, padded, factor, out)
                                           : softmax_row<false>(scores, padded, factor, out));
    }
    if (task.received) add_received(w.scores, rows, padded, row_scale, task.received);
    if (task.probabilities) {
      for (int r = 0; r < rows; ++r) task.row_scale[row + r] = row_scale[r];
      continue;
    }
    multiply_value(probability, rows, padded, task.head_size, task.packed_value,
                   StoreContext{row_scale, *task.value_scale, 0,
                                task.context_u8 ? task.context_u8 + row * task.context_stride : nullptr,
                                task.context_f32 ? task.context_f32 + row * task.context_stride : nullptr,
                                task.context_stride, task.context_quantizer});
  }
}

inline void attention_context(const ContextTask& task) {
  const int padded = static_cast<int>(round_up(task.length, kBlockColumns));
  for (int first = 0; first < task.kept_count; first += kScoreRows) {
    const int rows = min_of(kScoreRows, task.kept_count - first);
    float row_scale[kScoreRows];
    for (int r = 0; r < rows; ++r) {
      const int32_t source = task.kept[first + r];
      row_scale[r] = task.row_scale[source];
      __builtin_memcpy(task.gathered + static_cast<ptrdiff_t>(r) * padded,
                       task.probabilities + static_cast<ptrdiff_t>(source) * padded,
                       static_cast<size_t>(padded) * sizeof(int16_t));
    }
    multiply_value(task.gathered, rows, padded, task.head_size, task.packed_value,
                   StoreContext{row_scale, task.value_scale, 0,
                                task.context_u8 ? task.context_u8 + first * task.context_stride : nullptr,
                                task.context_f32 ? task.context_f32 + first * task.context_stride : nullptr,
                                task.context_stride, task.context_quantizer});
  }
}

}  // namespace QL_ISA
}  // namespace quantlat
