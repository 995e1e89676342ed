// How fast each kernel runs against the arithmetic limit of one core, measured in the same minute.
#pragma once

#include <string>
#include <vector>

#include "kernels.h"

namespace quantlat {

struct KernelTiming {
  std::string kernel;
  double macs;     // multiply-accumulates of one call; 0 where a kernel does something else
  double seconds;  // fastest call, in processor time of the thread
};

struct RooflineShape {
  int rows;
  int hidden;
  int intermediate;
  int heads;
};

// Multiply-accumulates per second of the core's INT8 dot product on registers alone; 0 without VNNI.
double measure_int8_peak(const Kernels& kernels);

// Every kernel on random data of one layer's shape. `repeats` calls each, the fastest counts.
std::vector<KernelTiming> measure_kernels(const Kernels& kernels, const RooflineShape& shape, int repeats);

}  // namespace quantlat
