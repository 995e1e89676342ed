// The one inner loop of the engine: C[MR, 32] += A[MR, 4 * steps bytes] * B[4 * steps bytes, 32].
//
// A is row-major with a stride; a step takes four bytes of each row: four u8 (against four s8), two s16 (against two
// s16) or one fp32. B is packed [steps][32 columns][4 bytes], so a step reads two cache lines of it in order.
//
// AVX-512 register budget (32): 24 accumulators (12 rows x 2 vectors of 16 columns), 2 for B, the rest for broadcasts
// of A. One step is 12 broadcasts, 2 loads and 24 dot products: dot products are the bottleneck where a core starts
// two 512-bit ones per cycle (Intel server cores) and all the more where it starts one (Zen 4). The rows of A need no
// packing, because four row pointers and one stride reach twelve rows with the addressing modes [p], [p + s],
// [p + 2 s]; broadcasts read each cache line of A sixteen times while it is in L1.
//
// Every instruction of the loop is an asm statement of its own. The compiler allocates the registers and may not
// reorder them: left to itself GCC 12 hoists broadcasts, runs out of registers and spills accumulators (42 % of the
// peak instead of 97 %).
#pragma once

#include "simd.h"

namespace quantlat {
namespace QL_ISA {

constexpr int kBlockColumns = 32;
constexpr int kStepBytes = 4 * kBlockColumns;  // of B
constexpr int kVecs = kBlockColumns / kLanes;

enum class Dot { kU8S8, kS16S16, kF32 };

// V vectors of columns: a whole block, or the first half of one.
template <int MR, int V = kVecs>
struct Tile {
  I v[MR][V];
};

#if defined(QL_SIMD_AVX512)

constexpr int kMaxRows = 12;

template <int Multiple, int Offset>
QL_INLINE I broadcast_dword(const uint8_t* p, ptrdiff_t stride) {
  I x;
  if constexpr (Multiple == 0) {
    asm volatile("vpbroadcastd %c2(%1), %0" : "=v"(x) : "r"(p), "i"(Offset));
  } else {
    asm volatile("vpbroadcastd %c4(%1,%2,%c3), %0" : "=v"(x) : "r"(p), "r"(stride), "i"(Multiple), "i"(Offset));
  }
  return x;
}

template <Dot D>
QL_INLINE void dot(I& acc, I a, I b) {
  if constexpr (D == Dot::kU8S8) {
    asm volatile("vpdpbusd %1, %2, %0" : "+v"(acc) : "v"(b), "v"(a));
  } else if constexpr (D == Dot::kS16S16) {
    asm volatile("vpdpwssd %1, %2, %0" : "+v"(acc) : "v"(b), "v"(a));
  } else {
    asm volatile("vfmadd231ps %1, %2, %0" : "+v"(acc) : "v"(b), "v"(a));
  }
}

template <Dot D, int MR, int Step, int V, int R = 0>
QL_INLINE void dot_rows(Tile<MR, V>& c, const uint8_t* const* p, ptrdiff_t stride, I b0, I b1) {
  if constexpr (R < MR) {
    const I a = broadcast_dword<R % 3, 4 * Step>(p[R / 3], stride);
    dot<D>(c.v[R][0], a, b0);
    if constexpr (V == 2) dot<D>(c.v[R][1], a, b1);
    dot_rows<D, MR, Step, V, R + 1>(c, p, stride, b0, b1);
  }
}

template <Dot D, int MR, int Step, int V>
QL_INLINE void dot_step(Tile<MR, V>& c, const uint8_t* const* p, ptrdiff_t stride, const uint8_t* b) {
  I b0, b1 = i_zero();
  asm volatile("vmovdqa32 %c2(%1), %0" : "=v"(b0) : "r"(b), "i"(kStepBytes * Step));
  if constexpr (V == 2) asm volatile("vmovdqa32 %c2(%1), %0" : "=v"(b1) : "r"(b), "i"(kStepBytes * Step + 64));
  dot_rows<D, MR, Step, V>(c, p, stride, b0, b1);
}

template <Dot D, int MR, int V>
QL_INLINE void accumulate(Tile<MR, V>& c, const uint8_t* a, ptrdiff_t stride, const uint8_t* b, int steps) {
  asm volatile("" ::: "memory");  // what the loop reads has been written
  const uint8_t* p[4] = {a, a + (MR > 3 ? 3 * stride : 0), a + (MR > 6 ? 6 * stride : 0),
                         a + (MR > 9 ? 9 * stride : 0)};
  for (; steps >= 4; steps -= 4) {
    dot_step<D, MR, 0, V>(c, p, stride, b);
    dot_step<D, MR, 1, V>(c, p, stride, b);
    dot_step<D, MR, 2, V>(c, p, stride, b);
    dot_step<D, MR, 3, V>(c, p, stride, b);
    p[0] += 16, p[1] += 16, p[2] += 16, p[3] += 16;
    b += 4 * kStepBytes;
  }
  for (; steps > 0; --steps) {
    dot_step<D, MR, 0, V>(c, p, stride, b);
    p[0] += 4, p[1] += 4, p[2] += 4, p[3] += 4;
    b += kStepBytes;
  }
  asm volatile("" ::: "memory");
}

#elif defined(QL_SIMD_AVX2)

// 16 registers: 4 rows x 2 vectors of 8 columns at a time, so a block of 32 columns is two passes over A.
// Without VNNI a u8 x s8 product is made of exact 16-bit halves (vpmaddubsw would saturate): even and odd bytes of
// both sides are widened and multiplied with vpmaddwd.
constexpr int kMaxRows = 4;

#if !defined(QL_AVX_VNNI)
struct Widened {
  I even, odd;
};
QL_INLINE Widened widen_s8(I b) {
  return {_mm256_srai_epi16(_mm256_slli_epi16(b, 8), 8), _mm256_srai_epi16(b, 8)};
}
QL_INLINE Widened widen_u8(I a) {
  return {_mm256_and_si256(a, _mm256_set1_epi16(0x00ff)), _mm256_srli_epi16(a, 8)};
}
#endif

template <Dot D, int MR, int V>
QL_INLINE void accumulate_half(Tile<MR, V>& c, int half, const uint8_t* a, ptrdiff_t stride, const uint8_t* b,
                               int steps) {
  I acc[MR][2];
#pragma GCC unroll 4
  for (int r = 0; r < MR; ++r) {
    acc[r][0] = c.v[r][2 * half];
    acc[r][1] = c.v[r][2 * half + 1];
  }
  for (int k = 0; k < steps; ++k) {
    const I b0 = i_load(reinterpret_cast<const int32_t*>(b + kStepBytes * static_cast<ptrdiff_t>(k)));
    const I b1 = i_load(reinterpret_cast<const int32_t*>(b + kStepBytes * static_cast<ptrdiff_t>(k) + 32));
#if !defined(QL_AVX_VNNI)
    Widened w0{}, w1{};
    if constexpr (D == Dot::kU8S8) w0 = widen_s8(b0), w1 = widen_s8(b1);
#endif
#pragma GCC unroll 4
    for (int r = 0; r < MR; ++r) {
      int32_t dword;
      __builtin_memcpy(&dword, a + r * stride + 4 * k, 4);
      const I x = i_set(dword);
      if constexpr (D == Dot::kF32) {
        acc[r][0] = as_int(f_fma(as_float(x), as_float(b0), as_float(acc[r][0])));
        acc[r][1] = as_int(f_fma(as_float(x), as_float(b1), as_float(acc[r][1])));
      }
#if defined(QL_AVX_VNNI)
      if constexpr (D == Dot::kU8S8) {
        acc[r][0] = QL_DPBUSD(acc[r][0], x, b0);
        acc[r][1] = QL_DPBUSD(acc[r][1], x, b1);
      } else if constexpr (D == Dot::kS16S16) {
        acc[r][0] = QL_DPWSSD(acc[r][0], x, b0);
        acc[r][1] = QL_DPWSSD(acc[r][1], x, b1);
      }
#else
      if constexpr (D == Dot::kU8S8) {
        const Widened y = widen_u8(x);
        acc[r][0] = i_add(acc[r][0], i_add(_mm256_madd_epi16(y.even, w0.even), _mm256_madd_epi16(y.odd, w0.odd)));
        acc[r][1] = i_add(acc[r][1], i_add(_mm256_madd_epi16(y.even, w1.even), _mm256_madd_epi16(y.odd, w1.odd)));
      } else if constexpr (D == Dot::kS16S16) {
        acc[r][0] = i_add(acc[r][0], _mm256_madd_epi16(x, b0));
        acc[r][1] = i_add(acc[r][1], _mm256_madd_epi16(x, b1));
      }
#endif
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < MR; ++r) {
    c.v[r][2 * half] = acc[r][0];
    c.v[r][2 * half + 1] = acc[r][1];
  }
}

template <Dot D, int MR, int V>
QL_INLINE void accumulate(Tile<MR, V>& c, const uint8_t* a, ptrdiff_t stride, const uint8_t* b, int steps) {
  accumulate_half<D, MR, V>(c, 0, a, stride, b, steps);
  if constexpr (V == kVecs) accumulate_half<D, MR, V>(c, 1, a, stride, b + 64, steps);
}

#else

constexpr int kMaxRows = 4;

template <Dot D, int MR, int V>
inline void accumulate(Tile<MR, V>& c, const uint8_t* a, ptrdiff_t stride, const uint8_t* b, int steps) {
  for (int k = 0; k < steps; ++k, b += kStepBytes) {
    for (int r = 0; r < MR; ++r) {
      const uint8_t* x = a + r * stride + 4 * k;
      for (int n = 0; n < V; ++n) {
        const uint8_t* y = b + 4 * n;
        if constexpr (D == Dot::kF32) {
          float fx, fy;
          __builtin_memcpy(&fx, x, 4);
          __builtin_memcpy(&fy, y, 4);
          c.v[r][n] = as_int(F{as_float(c.v[r][n]).x + fx * fy});
        } else if constexpr (D == Dot::kU8S8) {
          int32_t sum = 0;
          for (int i = 0; i < 4; ++i) sum += x[i] * static_cast<int8_t>(y[i]);
          c.v[r][n] = i_add(c.v[r][n], I{sum});
        } else {
          int16_t sx[2], sy[2];
          __builtin_memcpy(sx, x, 4);
          __builtin_memcpy(sy, y, 4);
          c.v[r][n] = i_add(c.v[r][n], I{sx[0] * sy[0] + sx[1] * sy[1]});
        }
      }
    }
  }
}

#endif

// Starts a tile from one value per column (null: zero).
template <int MR, int V>
QL_INLINE void start_tile(Tile<MR, V>& c, const int32_t* start) {
#pragma GCC unroll 32
  for (int j = 0; j < V; ++j) {
    const I x = start ? i_load(start + j * kLanes) : i_zero();
#pragma GCC unroll 12
    for (int r = 0; r < MR; ++r) c.v[r][j] = x;
  }
}

// One panel: MR rows against V vectors of a block's columns, then the epilogue with the tile still in registers.
template <Dot D, int MR, int V, class Epilogue>
__attribute__((noinline)) void run_panel(const uint8_t* a, ptrdiff_t stride, const uint8_t* b, int steps,
                                         const int32_t* start, int row, const Epilogue& epilogue) {
  Tile<MR, V> c;
  start_tile<MR, V>(c, start);
  accumulate<D, MR, V>(c, a, stride, b, steps);
  epilogue.template apply<MR>(row, c);
}

template <Dot D, int V, class Epilogue, int MR = kMaxRows>
QL_INLINE void dispatch_panel(int rows, const uint8_t* a, ptrdiff_t stride, const uint8_t* b, int steps,
                              const int32_t* start, int row, const Epilogue& epilogue) {
  if constexpr (MR > 0) {
    if (rows == MR) return run_panel<D, MR, V>(a, stride, b, steps, start, row, epilogue);
    dispatch_panel<D, V, Epilogue, MR - 1>(rows, a, stride, b, steps, start, row, epilogue);
  }
}

// All rows against one block of 32 columns, or the first half of its columns. Panels differ by at most one row: eleven
// and eleven, not twelve and ten, because a step of few rows is bound by loads and latency instead of dot products.
// Meanwhile the block that comes next is fetched into L2, a share with every panel: weights of a layer do not fit L2
// together, and the hardware prefetchers lose the first lines of each block. `ahead` may be null.
template <Dot D, int V = kVecs, class Epilogue>
QL_INLINE void run_rows(const uint8_t* a, ptrdiff_t stride, int rows, const uint8_t* b, int steps,
                        const int32_t* start, const Epilogue& epilogue, const uint8_t* ahead = nullptr) {
  if (rows <= kMaxRows && !ahead) return dispatch_panel<D, V>(rows, a, stride, b, steps, start, 0, epilogue);
  const int panels = (rows + kMaxRows - 1) / kMaxRows;
  const int small = rows / panels, larger = rows % panels;
  const int share = ahead ? steps * (kStepBytes / 64) / panels + 1 : 0;
  int row = 0, line = 0;
  for (int i = 0; i < panels; ++i) {
    const int count = small + (i < larger ? 1 : 0);
    for (const int end = min_of(line + share, steps * (kStepBytes / 64)); line < end; ++line) {
      __builtin_prefetch(ahead + 64 * static_cast<ptrdiff_t>(line), 0, 2);
    }
    dispatch_panel<D, V>(count, a + row * stride, stride, b, steps, start, row, epilogue);
    row += count;
  }
}

}  // namespace QL_ISA
}  // namespace quantlat
