// The most significant rows of a sequence, by selection instead of sorting.
#pragma once

#include <cstdint>

namespace quantlat {

// Writes the indices of the `keep` largest scores to `kept`, ascending; row 0 ([CLS]) is always among them. Equal
// scores: the earlier row stays. `keys` is scratch of `count` numbers. 1 <= keep <= count.
void select_rows(const float* scores, int count, int keep, uint64_t* keys, int32_t* kept);

}  // namespace quantlat
