// LayerNorm with quantisation of its result, embeddings, quantisation alone, and the products of rows with the answer
// head. Bound by memory, one row at a time.
#pragma once

#include "kernels.h"
#include "simd.h"

namespace quantlat {
namespace QL_ISA {

// Values to be stored as u8; storing clamps them. NaN and what is no int32 become the least integer, and so zero.
QL_INLINE I to_levels(F x, F inverse_step, F zero_point) { return to_int(f_fma(x, inverse_step, zero_point)); }

inline void quantize_rows(const float* x, int64_t stride, int rows, int width, const Quantizer& quantizer,
                          uint8_t* out, int64_t out_stride) {
  const float* inverse = quantizer.inverse_step;
  const F zero = f_set(quantizer.zero_point);
  for (int r = 0; r < rows; ++r, x += stride, out += out_stride) {
    int i = 0;
    for (; i + kLanes <= width; i += kLanes) store_u8(out + i, to_levels(f_load(x + i), f_load(inverse + i), zero));
    if (i < width) {
      const int n = width - i;
      store_u8_n(out + i, to_levels(f_load_n(x + i, n), f_load_n(inverse + i, n), zero), n);
    }
  }
}

// Two passes over a row that is in L1: mean, then centred sum of squares (the difference of large sums would lose
// digits in fp32), then scale, store and quantise.
inline void layer_norm_rows(float* x, int64_t stride, int rows, int width, const LayerNorm& norm,
                            const Quantizer& quantizer, uint8_t* quantized, int64_t quantized_stride) {
  const float* step = quantizer.inverse_step;
  const F zero = f_set(quantizer.zero_point);
  const float per_element = 1.0f / static_cast<float>(width);
  const int whole = width / kLanes * kLanes, rest = width - whole;
  for (int r = 0; r < rows; ++r, x += stride) {
    uint8_t* q = quantized ? quantized + r * quantized_stride : nullptr;
    F sum = f_zero(), sum1 = f_zero();
    int i = 0;
    for (; i + 2 * kLanes <= whole; i += 2 * kLanes) {
      sum = f_add(sum, f_load(x + i));
      sum1 = f_add(sum1, f_load(x + i + kLanes));
    }
    if (i < whole) sum = f_add(sum, f_load(x + i));
    if (rest) sum1 = f_add(sum1, f_load_n(x + whole, rest));
    const float mean = f_sum(f_add(sum, sum1)) * per_element;
    const F centre = f_set(-mean);
    F squares = f_zero(), squares1 = f_zero();
    for (i = 0; i + 2 * kLanes <= whole; i += 2 * kLanes) {
      const F d0 = f_add(f_load(x + i), centre), d1 = f_add(f_load(x + i + kLanes), centre);
      squares = f_fma(d0, d0, squares);
      squares1 = f_fma(d1, d1, squares1);
    }
    if (i < whole) {
      const F d = f_add(f_load(x + i), centre);
      squares = f_fma(d, d, squares);
    }
    float total = f_sum(f_add(squares, squares1));
    for (i = whole; i < width; ++i) total += (x[i] - mean) * (x[i] - mean);
    const float deviation = __builtin_sqrtf(total * per_element + norm.epsilon);
    const F inverse = f_set(1.0f / deviation);
    for (i = 0; i < width; i += kLanes) {
      const int n = min_of(kLanes, width - i);
      F y;
      if (n == kLanes) {
        y = f_mul(f_add(f_load(x + i), centre), inverse);
        y = f_fma(y, f_load(norm.gain + i), f_load(norm.bias + i));
        f_store(x + i, y);
        if (q) store_u8(q + i, to_levels(y, f_load(step + i), zero));
      } else {
        y = f_mul(f_add(f_load_n(x + i, n), centre), inverse);
        y = f_fma(y, f_load_n(norm.gain + i, n), f_load_n(norm.bias + i, n));
        f_store_n(x + i, y, n);
        if (q) store_u8_n(q + i, to_levels(y, f_load_n(step + i, n), zero), n);
      }
    }
  }
}

// Right after a row's LayerNorm, while it is in L1.
inline void answer_logits_rows(const float* x, int64_t stride, int rows, int width, const float* columns, float* out) {
  const int whole = width / kLanes * kLanes, rest = width - whole;
  for (int r = 0; r < rows; ++r, x += stride) {
    F start = f_zero(), end = f_zero();
    for (int i = 0; i < whole; i += kLanes) {
      const F v = f_load(x + i);
      start = f_fma(v, f_load(columns + i), start);
      end = f_fma(v, f_load(columns + width + i), end);
    }
    if (rest) {
      const F v = f_load_n(x + whole, rest);
      start = f_fma(v, f_load_n(columns + whole, rest), start);
      end = f_fma(v, f_load_n(columns + width + whole, rest), end);
    }
    out[2 * r] = f_sum(start);
    out[2 * r + 1] = f_sum(end);
  }
}

inline void embed_rows(const EmbeddingTable& word, const EmbeddingTable& position, const EmbeddingTable& type,
                       const int32_t* ids, const int32_t* positions, const int32_t* types, int rows, int width,
                       float* out, int64_t out_stride) {
  for (int r = 0; r < rows; ++r, out += out_stride) {
    const int8_t* w = word.rows + static_cast<int64_t>(ids[r]) * width;
    const int8_t* p = position.rows + static_cast<int64_t>(positions[r]) * width;
    const int8_t* t = type.rows ? type.rows + static_cast<int64_t>(types[r]) * width : nullptr;
    const F ws = f_set(word.scales[ids[r]]), ps = f_set(position.scales[positions[r]]);
    const F ts = f_set(t ? type.scales[types[r]] : 0.0f);
    for (int i = 0; i < width; i += kLanes) {
      const int n = min_of(kLanes, width - i);
      F sum = f_mul(to_float(load_s8_n(w + i, n)), ws);
      sum = f_fma(to_float(load_s8_n(p + i, n)), ps, sum);
      if (t) sum = f_fma(to_float(load_s8_n(t + i, n)), ts, sum);
      f_store_n(out + i, sum, n);
    }
  }
}

}  // namespace QL_ISA
}  // namespace quantlat
