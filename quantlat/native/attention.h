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

#include "attention_packing.h"
#include "dot_block.h"
#include "kernels.h"
#include "layer_norm.h"
#include "softmax.h"

namespace quantlat {
namespace QL_ISA {

constexpr float kSmallestScoreFactor = 1e-30f;

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
