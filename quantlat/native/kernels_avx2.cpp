// Kernels compiled for avx2; the flags are in setup.py.
#define QL_ISA avx2
#define QL_SIMD_AVX2
#include "kernel_table.h"

namespace quantlat {
Kernels avx2_kernels() { return avx2::kernel_table("avx2"); }
}  // namespace quantlat
