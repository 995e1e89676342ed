#include "selection.h"

#include <algorithm>
#include <cmath>
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

// log(sum(exp(logits))) of every second number.
float log_sum_exp(const float* logits, int count) {
  float largest = logits[0];
  for (int i = 1; i < count; ++i) largest = std::max(largest, logits[2 * i]);
  float sum = 0.0f;
  for (int i = 0; i < count; ++i) sum += std::exp(logits[2 * i] - largest);
  return largest + std::log(sum);
}

}  // namespace

void weigh_by_answers(float* received, const float* logits, int count, float weight) {
  constexpr float kLeastReceived = 1e-9f;  // as in the reference: the logarithm stays finite
  const float starts = log_sum_exp(logits, count), ends = log_sum_exp(logits + 1, count);
  for (int i = 0; i < count; ++i) {
    const float opinion = std::max(logits[2 * i] - starts, logits[2 * i + 1] - ends);
    received[i] = std::log(std::max(received[i], kLeastReceived)) + weight * opinion;
  }
}

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
