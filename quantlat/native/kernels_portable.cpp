// Kernels compiled for portable; the flags are in setup.py.
#define QL_ISA portable
#define QL_SIMD_PORTABLE
#include "kernel_table.h"

namespace quantlat {
Kernels portable_kernels() { return portable::kernel_table("portable"); }
}  // namespace quantlat
