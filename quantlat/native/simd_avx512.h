// AVX-512 F/BW/VL/DQ: 16 lanes.
#pragma once

#include <immintrin.h>

namespace quantlat {
namespace QL_ISA {

constexpr int kLanes = 16;
using F = __m512;   // fp32 lanes
using I = __m512i;  // int32 lanes

QL_INLINE __mmask16 first(int n) { return static_cast<__mmask16>((1u << n) - 1u); }

QL_INLINE F f_set(float x) { return _mm512_set1_ps(x); }
QL_INLINE F f_zero() { return _mm512_setzero_ps(); }
QL_INLINE F f_load(const float* p) { return _mm512_loadu_ps(p); }
QL_INLINE F f_load_n(const float* p, int n) { return _mm512_maskz_loadu_ps(first(n), p); }
QL_INLINE void f_store(float* p, F v) { _mm512_storeu_ps(p, v); }
QL_INLINE void f_store_n(float* p, F v, int n) { _mm512_mask_storeu_ps(p, first(n), v); }
QL_INLINE F f_add(F a, F b) { return _mm512_add_ps(a, b); }
QL_INLINE F f_sub(F a, F b) { return _mm512_sub_ps(a, b); }
QL_INLINE F f_mul(F a, F b) { return _mm512_mul_ps(a, b); }
QL_INLINE F f_fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
QL_INLINE F f_min(F a, F b) { return _mm512_min_ps(a, b); }
QL_INLINE F f_max(F a, F b) { return _mm512_max_ps(a, b); }
QL_INLINE F f_abs(F a) { return _mm512_abs_ps(a); }
QL_INLINE F f_first_n(F a, int n) { return _mm512_maskz_mov_ps(n >= kLanes ? 0xffff : n > 0 ? first(n) : 0, a); }
// table[index[lane] % 32] for each lane.
QL_INLINE F f_lookup(const float* table, I index) {
  return _mm512_permutex2var_ps(_mm512_load_ps(table), index, _mm512_load_ps(table + kLanes));
}
QL_INLINE float f_sum(F a) { return _mm512_reduce_add_ps(a); }
QL_INLINE float f_largest(F a) { return _mm512_reduce_max_ps(a); }

QL_INLINE I i_set(int32_t x) { return _mm512_set1_epi32(x); }
QL_INLINE I i_zero() { return _mm512_setzero_si512(); }
QL_INLINE I i_load(const int32_t* p) { return _mm512_loadu_si512(p); }
QL_INLINE void i_store(int32_t* p, I v) { _mm512_storeu_si512(p, v); }
QL_INLINE void i_store_n(int32_t* p, I v, int n) { _mm512_mask_storeu_epi32(p, first(n), v); }
QL_INLINE I i_add(I a, I b) { return _mm512_add_epi32(a, b); }
QL_INLINE I i_sub(I a, I b) { return _mm512_sub_epi32(a, b); }
QL_INLINE I i_max(I a, I b) { return _mm512_max_epi32(a, b); }
QL_INLINE I i_and(I a, I b) { return _mm512_and_si512(a, b); }
QL_INLINE I i_or(I a, I b) { return _mm512_or_si512(a, b); }
QL_INLINE I i_first_n(I a, int n, int32_t rest) {
  return _mm512_mask_mov_epi32(_mm512_set1_epi32(rest), n > 0 ? first(n) : 0, a);
}
template <int Bits>
QL_INLINE I i_shift_left(I a) { return _mm512_slli_epi32(a, Bits); }
QL_INLINE int32_t i_largest(I a) { return _mm512_reduce_max_epi32(a); }

// v[i][j] becomes v[j][i]: pairs of lanes, pairs of those, then quarters of whole vectors.
QL_INLINE void i_transpose(I v[kLanes]) {
  I w[kLanes];
#pragma GCC unroll 8
  for (int i = 0; i < kLanes; i += 2) {
    w[i] = _mm512_unpacklo_epi32(v[i], v[i + 1]);
    w[i + 1] = _mm512_unpackhi_epi32(v[i], v[i + 1]);
  }
  // v[4 g + c] holds columns c, c + 4, c + 8, c + 12 of rows 4 g to 4 g + 3.
#pragma GCC unroll 4
  for (int i = 0; i < kLanes; i += 4) {
    v[i] = _mm512_unpacklo_epi64(w[i], w[i + 2]);
    v[i + 1] = _mm512_unpackhi_epi64(w[i], w[i + 2]);
    v[i + 2] = _mm512_unpacklo_epi64(w[i + 1], w[i + 3]);
    v[i + 3] = _mm512_unpackhi_epi64(w[i + 1], w[i + 3]);
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    const I even01 = _mm512_shuffle_i32x4(v[c], v[c + 4], 0x88), odd01 = _mm512_shuffle_i32x4(v[c], v[c + 4], 0xdd);
    const I even23 = _mm512_shuffle_i32x4(v[c + 8], v[c + 12], 0x88);
    const I odd23 = _mm512_shuffle_i32x4(v[c + 8], v[c + 12], 0xdd);
    v[c] = _mm512_shuffle_i32x4(even01, even23, 0x88);
    v[c + 8] = _mm512_shuffle_i32x4(even01, even23, 0xdd);
    v[c + 4] = _mm512_shuffle_i32x4(odd01, odd23, 0x88);
    v[c + 12] = _mm512_shuffle_i32x4(odd01, odd23, 0xdd);
  }
}

QL_INLINE F to_float(I a) { return _mm512_cvtepi32_ps(a); }
QL_INLINE I to_int(F a) { return _mm512_cvtps_epi32(a); }  // round half to even
QL_INLINE F as_float(I a) { return _mm512_castsi512_ps(a); }
QL_INLINE I as_int(F a) { return _mm512_castps_si512(a); }

QL_INLINE I load_s8(const int8_t* p) {
  return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
QL_INLINE I load_s8_n(const int8_t* p, int n) { return _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(first(n), p)); }

// Lanes are clamped to 0 and 255.
QL_INLINE void store_u8(uint8_t* p, I v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtusepi32_epi8(_mm512_max_epi32(v, _mm512_setzero_si512())));
}
QL_INLINE void store_u8_n(uint8_t* p, I v, int n) {
  _mm512_mask_cvtusepi32_storeu_epi8(p, first(n), _mm512_max_epi32(v, _mm512_setzero_si512()));
}
// Two vectors that follow each other. Packing works within 128 bits: quarters of both alternate until they are sorted.
QL_INLINE void store_u8_pair(uint8_t* p, I a, I b) {
  const __m256i bytes = _mm512_cvtusepi16_epi8(_mm512_packus_epi32(a, b));
  const __m256i sorted = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), sorted);
}

// Two vectors of consecutive int32 become 2 * kLanes s16 in the order the pack instruction leaves them in;
// packed_pair() tells which pair of neighbours dword t of the result holds.
QL_INLINE void store_s16(int16_t* p, I a, I b) { _mm512_storeu_si512(p, _mm512_packs_epi32(a, b)); }
// One vector in order.
QL_INLINE void store_s16_last(int16_t* p, I a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtsepi32_epi16(a));
}
constexpr int packed_pair(int t) { return (t % 4 < 2) ? (t / 4) * 2 + t % 4 : kLanes / 2 + (t / 4) * 2 + (t % 4 - 2); }

}  // namespace QL_ISA
}  // namespace quantlat
