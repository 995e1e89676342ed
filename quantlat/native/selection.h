// The most significant rows of a sequence, by selection instead of sorting.
#pragma once

#include <cstdint>

namespace quantlat {

// Writes the indices of the `keep` largest scores to `kept`, ascending; row 0 ([CLS]) is always among them. Equal
// scores: the earlier row stays. `keys` is scratch of `count` numbers. 1 <= keep <= count.
void select_rows(const float* scores, int count, int keep, uint64_t* keys, int32_t* kept);

// Turns the attention that rows received into log(received) + weight * max(log p_start, log p_end), the significance
// of rows where an answer head has a say. `logits` are [count, 2]; p are their softmaxes over the rows.
void weigh_by_answers(float* received, const float* logits, int count, float weight);

}  // namespace quantlat
