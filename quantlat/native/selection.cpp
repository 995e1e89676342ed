#include "selection.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace quantlat {
namespace {

// Maps fp32 to integers of the same order; total, so NaN cannot confuse the selection.
uint32_t ordered(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

}  // namespace

void select_rows(const float* scores, int count, int keep, uint64_t* keys, int32_t* kept) {
  for (int i = 0; i < count; ++i) {
    const uint64_t rank = i == 0 ? 0xffffffffu : ordered(scores[i]);
    keys[i] = rank << 32 | (0xffffffffu - static_cast<uint32_t>(i));
  }
  // Keys are unique, so the keep-th largest separates exactly `keep` rows from the rest.
  std::nth_element(keys, keys + (keep - 1), keys + count, std::greater<uint64_t>());
  for (int i = 0; i < keep; ++i) kept[i] = static_cast<int32_t>(0xffffffffu - static_cast<uint32_t>(keys[i]));
  std::sort(kept, kept + keep);
}

}  // namespace quantlat
