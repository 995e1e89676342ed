// Kernels compiled for avxvnni; the flags are in setup.py.
#define QL_ISA avxvnni
#define QL_SIMD_AVX2
#define QL_AVX_VNNI
#ifndef QL_DPBUSD  // the tests compile this unit with EVEX encodings, which more machines can run
#define QL_DPBUSD _mm256_dpbusd_avx_epi32
#define QL_DPWSSD _mm256_dpwssd_avx_epi32
#endif
#include "kernel_table.h"

namespace quantlat {
Kernels avxvnni_kernels() { return avxvnni::kernel_table("avxvnni"); }
}  // namespace quantlat
