// Linears: blocks of 32 output columns over all rows, with what follows the product done while it is in registers.
//
// Order of loops: a block of packed weights (32 columns x K, 12 KiB for K = 384, 48 KiB for K = 1536) stays in L1 or
// L2 while the rows pass over it, so weights are read once from L3 per call; the caller passes as many rows as keep
// their activations in L2 (see kChunkRows in the encoder). A panel of 12 rows and a block need 7.3 bytes per cycle
// from L1 and L2 on a core that starts one 512-bit product per cycle.
#pragma once

#include "dot_block.h"
#include "gelu.h"
#include "kernels.h"
#include "layer_norm.h"

namespace quantlat {
namespace QL_ISA {

template <bool Int8>
QL_INLINE F dequantized(I acc, F scale, F bias) {
  if constexpr (Int8) return f_fma(to_float(acc), scale, bias);
  return f_add(as_float(acc), bias);
}

template <bool Int8>
struct StoreFloat {
  const float* scale;
  const float* bias;
  float* out;
  int64_t stride;
  template <int MR>
  QL_INLINE void apply(int row, const Tile<MR>& c) const {
#pragma GCC unroll 32
    for (int j = 0; j < kVecs; ++j) {
      const F s = f_load(scale + j * kLanes), b = f_load(bias + j * kLanes);
#pragma GCC unroll 12
      for (int r = 0; r < MR; ++r) f_store(out + (row + r) * stride + j * kLanes, dequantized<Int8>(c.v[r][j], s, b));
    }
  }
};

template <bool Int8>
struct AddResidual {
  const float* scale;
  const float* bias;
  RowView residual;  // data starts at this block's first column
  int columns;       // of this block that exist in the residual
  float* out;
  int64_t stride;
  template <int MR>
  QL_INLINE void apply(int row, const Tile<MR>& c) const {
#pragma GCC unroll 12
    for (int r = 0; r < MR; ++r) {
      const int64_t source = residual.index ? residual.index[row + r] : row + r;
      const float* x = residual.data + source * residual.stride;
#pragma GCC unroll 32
      for (int j = 0; j < kVecs; ++j) {
        const int n = columns - j * kLanes;
        const F y = dequantized<Int8>(c.v[r][j], f_load(scale + j * kLanes), f_load(bias + j * kLanes));
        const F x_j = n >= kLanes ? f_load(x + j * kLanes) : n > 0 ? f_load_n(x + j * kLanes, n) : f_zero();
        f_store(out + (row + r) * stride + j * kLanes, f_add(y, x_j));
      }
    }
  }
};

struct GeluQuantize {
  const float* scale;
  const float* bias;
  Quantizer quantizer;
  uint8_t* out;
  int64_t stride;
  template <int MR>
  QL_INLINE void apply(int row, const Tile<MR>& c) const {
    const F zero = f_set(quantizer.zero_point);
    const auto value = [&](int r, int j) {
      const F y = gelu(dequantized<true>(c.v[r][j], f_load(scale + j * kLanes), f_load(bias + j * kLanes)));
      return to_levels(y, f_load(quantizer.inverse_step + j * kLanes), zero);
    };
#pragma GCC unroll 12
    for (int r = 0; r < MR; ++r) {
#pragma GCC unroll 32
      for (int j = 0; j < kVecs; j += 2) {
        store_u8_pair(out + (row + r) * stride + j * kLanes, value(r, j), value(r, j + 1));
      }
    }
  }
};

inline const uint8_t* block_of(const PackedLinear& linear, int block) {
  return linear.weight + static_cast<int64_t>(block) * linear.steps * kStepBytes;
}

inline const uint8_t* block_after(const PackedLinear& linear, int block) {
  return block + 1 < linear.blocks ? block_of(linear, block + 1) : nullptr;
}

inline void run_linear(const PackedLinear& linear, const void* a, int64_t a_bytes, int rows, float* out,
                       int64_t out_stride, int64_t block_stride) {
  const uint8_t* x = static_cast<const uint8_t*>(a);
  for (int n = 0; n < linear.blocks; ++n) {
    const int column = n * kColumns;
    if (linear.int8) {
      const StoreFloat<true> store{linear.scale + column, linear.bias + column, out + n * block_stride, out_stride};
      run_rows<Dot::kU8S8>(x, a_bytes, rows, block_of(linear, n), linear.steps, linear.start + column, store,
                        block_after(linear, n));
    } else {
      const StoreFloat<false> store{linear.scale + column, linear.bias + column, out + n * block_stride, out_stride};
      run_rows<Dot::kF32>(x, a_bytes, rows, block_of(linear, n), linear.steps, nullptr, store,
                        block_after(linear, n));
    }
  }
}

inline void run_linear_residual(const PackedLinear& linear, const void* a, int64_t a_bytes, int rows,
                                const RowView& residual, float* out, int64_t out_stride) {
  const uint8_t* x = static_cast<const uint8_t*>(a);
  for (int n = 0; n < linear.blocks; ++n) {
    const int column = n * kColumns;
    const RowView view{residual.data + column, residual.stride, residual.index};
    const int exist = min_of(kColumns, linear.out - column);
    if (linear.int8) {
      const AddResidual<true> add{linear.scale + column, linear.bias + column, view, exist, out + column, out_stride};
      run_rows<Dot::kU8S8>(x, a_bytes, rows, block_of(linear, n), linear.steps, linear.start + column, add,
                        block_after(linear, n));
    } else {
      const AddResidual<false> add{linear.scale + column, linear.bias + column, view, exist, out + column, out_stride};
      run_rows<Dot::kF32>(x, a_bytes, rows, block_of(linear, n), linear.steps, nullptr, add,
                        block_after(linear, n));
    }
  }
}

inline void run_linear_gelu(const PackedLinear& linear, const void* a, int64_t a_bytes, int rows,
                            const Quantizer& quantizer, uint8_t* out, int64_t out_stride) {
  const uint8_t* x = static_cast<const uint8_t*>(a);
  for (int n = 0; n < linear.blocks; ++n) {
    const int column = n * kColumns;
    const GeluQuantize gelu_u8{linear.scale + column, linear.bias + column, quantizer.from(column), out + column,
                               out_stride};
    run_rows<Dot::kU8S8>(x, a_bytes, rows, block_of(linear, n), linear.steps, linear.start + column, gelu_u8,
                        block_after(linear, n));
  }
}

}  // namespace QL_ISA
}  // namespace quantlat
