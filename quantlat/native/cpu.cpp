// CPUID dispatch. An instruction set counts only if the operating system saves its registers (XCR0).
#include "cpu.h"

#include <cpuid.h>

#include <stdexcept>

namespace quantlat {

Kernels avx512vnni_kernels();
Kernels avxvnni_kernels();
Kernels avx2_kernels();
Kernels portable_kernels();

namespace {

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf) {
  Registers r;
  if (!__get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx)) return {};
  return r;
}

unsigned long long enabled_state() {
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<unsigned long long>(high) << 32) | low;
}

bool bit(unsigned value, int n) { return (value >> n) & 1u; }

struct Features {
  bool avx2 = false, avxvnni = false, avx512vnni = false;
};

Features detect() {
  Features f;
  const Registers one = cpuid(1, 0);
  if (!bit(one.ecx, 27) || !bit(one.ecx, 28) || !bit(one.ecx, 12)) return f;  // OSXSAVE, AVX, FMA
  const unsigned long long state = enabled_state();
  if ((state & 0x6) != 0x6) return f;  // xmm, ymm
  const Registers seven = cpuid(7, 0), seven_one = cpuid(7, 1);
  f.avx2 = bit(seven.ebx, 5);
  f.avxvnni = f.avx2 && bit(seven_one.eax, 4);
  const bool zmm = (state & 0xe6) == 0xe6;  // and opmask, upper halves, zmm16-31
  f.avx512vnni = zmm && f.avx2 && bit(seven.ebx, 16) && bit(seven.ebx, 17) && bit(seven.ebx, 30) &&
                 bit(seven.ebx, 31) && bit(seven.ecx, 11);  // F, DQ, BW, VL, VNNI
  return f;
}

}  // namespace

std::vector<std::string> usable_kernels() {
  const Features f = detect();
  std::vector<std::string> names;
  if (f.avx512vnni) names.emplace_back("avx512vnni");
  if (f.avxvnni) names.emplace_back("avxvnni");
  if (f.avx2) names.emplace_back("avx2");
  names.emplace_back("portable");
  return names;
}

Kernels select_kernels(const std::string& name) {
  const std::vector<std::string> usable = usable_kernels();
  const std::string& wanted = name == "auto" ? usable.front() : name;
  std::string listed;
  for (const std::string& candidate : usable) {
    listed += (listed.empty() ? "" : ", ") + candidate;
    if (candidate != wanted) continue;
    if (wanted == "avx512vnni") return avx512vnni_kernels();
    if (wanted == "avxvnni") return avxvnni_kernels();
    if (wanted == "avx2") return avx2_kernels();
    return portable_kernels();
  }
  throw std::invalid_argument("kernels '" + name + "' cannot run on this CPU; usable: " + listed);
}

}  // namespace quantlat
