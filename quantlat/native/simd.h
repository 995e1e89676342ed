// Vectors of one instruction set, behind one set of names.
//
// Every kernel header is written once in these terms and compiled once per instruction set: a translation unit
// defines QL_ISA (the namespace) and one of QL_SIMD_AVX512, QL_SIMD_AVX2 or QL_SIMD_PORTABLE before it includes
// anything. Kernels must not use inline functions of the standard library: the linker keeps one copy of those,
// and it could be the one compiled for a CPU that this machine is not.
#pragma once

#include <cstddef>
#include <cstdint>

#define QL_INLINE inline __attribute__((always_inline))

#if defined(QL_SIMD_AVX512)
#include "simd_avx512.h"
#elif defined(QL_SIMD_AVX2)
#include "simd_avx2.h"
#elif defined(QL_SIMD_PORTABLE)
#include "simd_portable.h"
#else
#error "define one of QL_SIMD_AVX512, QL_SIMD_AVX2, QL_SIMD_PORTABLE before including a kernel"
#endif

namespace quantlat {
namespace QL_ISA {

QL_INLINE int min_of(int a, int b) { return a < b ? a : b; }
QL_INLINE int max_of(int a, int b) { return a > b ? a : b; }

}  // namespace QL_ISA
}  // namespace quantlat
