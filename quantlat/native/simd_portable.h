// Plain C++: one lane, for machines without AVX2 and as the yardstick of the vector code.
#pragma once

#include <cmath>
#include <cstring>

namespace quantlat {
namespace QL_ISA {

constexpr int kLanes = 1;
struct F { float x; };
struct I { int32_t x; };

QL_INLINE F f_set(float x) { return {x}; }
QL_INLINE F f_zero() { return {0.0f}; }
QL_INLINE F f_load(const float* p) { return {*p}; }
QL_INLINE F f_load_n(const float* p, int n) { return {n > 0 ? *p : 0.0f}; }
QL_INLINE void f_store(float* p, F v) { *p = v.x; }
QL_INLINE void f_store_n(float* p, F v, int n) { if (n > 0) *p = v.x; }
QL_INLINE F f_add(F a, F b) { return {a.x + b.x}; }
QL_INLINE F f_sub(F a, F b) { return {a.x - b.x}; }
QL_INLINE F f_mul(F a, F b) { return {a.x * b.x}; }
QL_INLINE F f_fma(F a, F b, F c) { return {a.x * b.x + c.x}; }
QL_INLINE F f_min(F a, F b) { return {a.x < b.x ? a.x : b.x}; }
QL_INLINE F f_max(F a, F b) { return {a.x > b.x ? a.x : b.x}; }
QL_INLINE F f_abs(F a) { return {a.x < 0.0f ? -a.x : a.x}; }
QL_INLINE F f_first_n(F a, int n) { return {n > 0 ? a.x : 0.0f}; }
QL_INLINE float f_sum(F a) { return a.x; }
QL_INLINE float f_largest(F a) { return a.x; }

QL_INLINE I i_set(int32_t x) { return {x}; }
QL_INLINE I i_zero() { return {0}; }
QL_INLINE I i_load(const int32_t* p) { return {*p}; }
QL_INLINE void i_store(int32_t* p, I v) { *p = v.x; }
QL_INLINE void i_store_n(int32_t* p, I v, int n) { if (n > 0) *p = v.x; }
// Sums wrap as vector instructions do; unsigned arithmetic keeps that defined.
QL_INLINE I i_add(I a, I b) { return {static_cast<int32_t>(static_cast<uint32_t>(a.x) + static_cast<uint32_t>(b.x))}; }
QL_INLINE I i_sub(I a, I b) { return {static_cast<int32_t>(static_cast<uint32_t>(a.x) - static_cast<uint32_t>(b.x))}; }
QL_INLINE I i_max(I a, I b) { return {a.x > b.x ? a.x : b.x}; }
QL_INLINE I i_and(I a, I b) { return {a.x & b.x}; }
QL_INLINE I i_or(I a, I b) { return {a.x | b.x}; }
QL_INLINE I i_first_n(I a, int n, int32_t rest) { return n > 0 ? a : I{rest}; }
template <int Bits>
QL_INLINE I i_shift_left(I a) { return {static_cast<int32_t>(static_cast<uint32_t>(a.x) << Bits)}; }
QL_INLINE int32_t i_largest(I a) { return a.x; }
QL_INLINE void i_transpose(I*) {}

QL_INLINE F to_float(I a) { return {static_cast<float>(a.x)}; }
QL_INLINE I to_int(F a) {  // round half to even; what does not fit becomes the indefinite integer, as on x86
  if (!(a.x >= -2147483648.0f && a.x < 2147483648.0f)) return {INT32_MIN};
  return {static_cast<int32_t>(__builtin_rintf(a.x))};
}
QL_INLINE F as_float(I a) { F r; __builtin_memcpy(&r, &a, 4); return r; }
QL_INLINE I as_int(F a) { I r; __builtin_memcpy(&r, &a, 4); return r; }

QL_INLINE I load_s8(const int8_t* p) { return {*p}; }
QL_INLINE I load_s8_n(const int8_t* p, int n) { return {n > 0 ? *p : 0}; }

QL_INLINE void store_u8(uint8_t* p, I v) { *p = static_cast<uint8_t>(v.x > 255 ? 255 : v.x < 0 ? 0 : v.x); }
QL_INLINE void store_u8_pair(uint8_t* p, I a, I b) {
  store_u8(p, a);
  store_u8(p + 1, b);
}
QL_INLINE void store_u8_n(uint8_t* p, I v, int n) { if (n > 0) store_u8(p, v); }
QL_INLINE void store_s16(int16_t* p, I a, I b) {
  p[0] = static_cast<int16_t>(a.x > 32767 ? 32767 : a.x);
  p[1] = static_cast<int16_t>(b.x > 32767 ? 32767 : b.x);
}
QL_INLINE void store_s16_last(int16_t*, I) {}  // half a block is an even number of vectors
constexpr int packed_pair(int t) { return t; }

}  // namespace QL_ISA
}  // namespace quantlat
