// Which instruction sets this machine offers, and the best kernels for it.
#pragma once

#include <string>
#include <vector>

#include "kernels.h"

namespace quantlat {

// Names of the kernel sets that this CPU and operating system can run, best first; "portable" is always the last.
std::vector<std::string> usable_kernels();

// The named kernels, or the best usable ones for "auto". Throws std::invalid_argument for others.
Kernels select_kernels(const std::string& name);

}  // namespace quantlat
