// Kernels compiled for avx512vnni; the flags are in setup.py.
#define QL_ISA avx512vnni
#define QL_SIMD_AVX512
#include "kernel_table.h"

namespace quantlat {
Kernels avx512vnni_kernels() { return avx512vnni::kernel_table("avx512vnni"); }
}  // namespace quantlat
