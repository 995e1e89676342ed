// AVX2 with FMA: 8 lanes.
#pragma once

#include <immintrin.h>

namespace quantlat {
namespace QL_ISA {

constexpr int kLanes = 8;
using F = __m256;   // fp32 lanes
using I = __m256i;  // int32 lanes

QL_INLINE I first(int n) { return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)); }

QL_INLINE F f_set(float x) { return _mm256_set1_ps(x); }
QL_INLINE F f_zero() { return _mm256_setzero_ps(); }
QL_INLINE F f_load(const float* p) { return _mm256_loadu_ps(p); }
QL_INLINE F f_load_n(const float* p, int n) { return _mm256_maskload_ps(p, first(n)); }
QL_INLINE void f_store(float* p, F v) { _mm256_storeu_ps(p, v); }
QL_INLINE void f_store_n(float* p, F v, int n) { _mm256_maskstore_ps(p, first(n), v); }
QL_INLINE F f_add(F a, F b) { return _mm256_add_ps(a, b); }
QL_INLINE F f_sub(F a, F b) { return _mm256_sub_ps(a, b); }
QL_INLINE F f_mul(F a, F b) { return _mm256_mul_ps(a, b); }
QL_INLINE F f_fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
QL_INLINE F f_min(F a, F b) { return _mm256_min_ps(a, b); }
QL_INLINE F f_max(F a, F b) { return _mm256_max_ps(a, b); }
QL_INLINE F f_abs(F a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
QL_INLINE F f_first_n(F a, int n) { return _mm256_and_ps(a, _mm256_castsi256_ps(first(n))); }
QL_INLINE float f_sum(F a) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
QL_INLINE float f_largest(F a) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

QL_INLINE I i_set(int32_t x) { return _mm256_set1_epi32(x); }
QL_INLINE I i_zero() { return _mm256_setzero_si256(); }
QL_INLINE I i_load(const int32_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
QL_INLINE void i_store(int32_t* p, I v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }
QL_INLINE void i_store_n(int32_t* p, I v, int n) { _mm256_maskstore_epi32(p, first(n), v); }
QL_INLINE I i_add(I a, I b) { return _mm256_add_epi32(a, b); }
QL_INLINE I i_sub(I a, I b) { return _mm256_sub_epi32(a, b); }
QL_INLINE I i_max(I a, I b) { return _mm256_max_epi32(a, b); }
QL_INLINE I i_and(I a, I b) { return _mm256_and_si256(a, b); }
QL_INLINE I i_or(I a, I b) { return _mm256_or_si256(a, b); }
QL_INLINE I i_first_n(I a, int n, int32_t rest) {
  return _mm256_blendv_epi8(_mm256_set1_epi32(rest), a, first(n));
}
template <int Bits>
QL_INLINE I i_shift_left(I a) { return _mm256_slli_epi32(a, Bits); }
QL_INLINE int32_t i_largest(I a) {
  __m128i s = _mm_max_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
  s = _mm_max_epi32(s, _mm_shuffle_epi32(s, 0x4e));
  return _mm_cvtsi128_si32(_mm_max_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

// v[i][j] becomes v[j][i]: pairs of lanes, pairs of those, then halves of whole vectors.
QL_INLINE void i_transpose(I v[kLanes]) {
  I w[kLanes];
#pragma GCC unroll 4
  for (int i = 0; i < kLanes; i += 2) {
    w[i] = _mm256_unpacklo_epi32(v[i], v[i + 1]);
    w[i + 1] = _mm256_unpackhi_epi32(v[i], v[i + 1]);
  }
  // v[4 g + c] holds columns c and c + 4 of rows 4 g to 4 g + 3.
#pragma GCC unroll 2
  for (int i = 0; i < kLanes; i += 4) {
    v[i] = _mm256_unpacklo_epi64(w[i], w[i + 2]);
    v[i + 1] = _mm256_unpackhi_epi64(w[i], w[i + 2]);
    v[i + 2] = _mm256_unpacklo_epi64(w[i + 1], w[i + 3]);
    v[i + 3] = _mm256_unpackhi_epi64(w[i + 1], w[i + 3]);
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    const I low = v[c], high = v[c + 4];
    v[c] = _mm256_permute2x128_si256(low, high, 0x20);
    v[c + 4] = _mm256_permute2x128_si256(low, high, 0x31);
  }
}

QL_INLINE F to_float(I a) { return _mm256_cvtepi32_ps(a); }
QL_INLINE I to_int(F a) { return _mm256_cvtps_epi32(a); }  // round half to even
QL_INLINE F as_float(I a) { return _mm256_castsi256_ps(a); }
QL_INLINE I as_int(F a) { return _mm256_castps_si256(a); }

QL_INLINE I load_s8(const int8_t* p) {
  return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
}
QL_INLINE I load_s8_n(const int8_t* p, int n) {
  alignas(8) int8_t lanes[8] = {};
  for (int i = 0; i < n; ++i) lanes[i] = p[i];
  return load_s8(lanes);
}

// Lanes are clamped to 0 and 255.
QL_INLINE void store_u8(uint8_t* p, I v) {
  const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(words, words));
}
QL_INLINE void store_u8_pair(uint8_t* p, I a, I b) {
  store_u8(p, a);
  store_u8(p + kLanes, b);
}
QL_INLINE void store_u8_n(uint8_t* p, I v, int n) {
  alignas(8) uint8_t lanes[8];
  store_u8(lanes, v);
  for (int i = 0; i < n; ++i) p[i] = lanes[i];
}

// Two vectors of consecutive int32 become 2 * kLanes s16 in the order the pack instruction leaves them in;
// packed_pair() tells which pair of neighbours dword t of the result holds.
QL_INLINE void store_s16(int16_t* p, I a, I b) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_packs_epi32(a, b));
}
QL_INLINE void store_s16_last(int16_t*, I) {}  // half a block is an even number of vectors
constexpr int packed_pair(int t) { return (t % 4 < 2) ? (t / 4) * 2 + t % 4 : kLanes / 2 + (t / 4) * 2 + (t % 4 - 2); }

}  // namespace QL_ISA
}  // namespace quantlat
