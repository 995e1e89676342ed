// GELU, exact and tanh form, and ReLU on vectors.
//
// gelu(x) = max(x, 0) - h(|x|) with h(a) = a (1 - Phi(a)) = a erfc(a / sqrt(2)) / 2, which is smooth on [0, inf), below
// 4e-6 from 4.8 on, and needs no exponential: a minimax polynomial of degree 11 in u = a / 2.4 - 1 on [0, 4.8] is
// within 8.6e-6 of it in fp32 arithmetic, at every x. The quantisation step that follows is some hundred times
// coarser. Fitted by Remez exchange; powers of u in [-1, 1] keep the evaluation well conditioned.
#pragma once

#include "simd.h"
#include "softmax.h"

namespace quantlat {
namespace QL_ISA {

QL_INLINE F gelu(F x) {
  const F u = f_fma(f_min(f_abs(x), f_set(4.8f)), f_set(1.0f / 2.4f), f_set(-1.0f));
  F h = f_set(0.02755180560052395f);
  h = f_fma(h, u, f_set(-0.06255058944225311f));
  h = f_fma(h, u, f_set(-0.07014572620391846f));
  h = f_fma(h, u, f_set(0.2686997950077057f));
  h = f_fma(h, u, f_set(-0.08113771677017212f));
  h = f_fma(h, u, f_set(-0.36817795038223267f));
  h = f_fma(h, u, f_set(0.45337623357772827f));
  h = f_fma(h, u, f_set(-0.10042346268892288f));
  h = f_fma(h, u, f_set(-0.22041845321655273f));
  h = f_fma(h, u, f_set(0.24277524650096893f));
  h = f_fma(h, u, f_set(-0.10922423750162125f));
  h = f_fma(h, u, f_set(0.01967058889567852f));
  return f_sub(f_max(x, f_zero()), h);
}

// x / (1 + exp(-2 z)) with z = sqrt(2 / pi) (x + 0.044715 x^3); written with exp of a negative number so that it
// cannot overflow: for z < 0 it is x exp(2 z) / (1 + exp(2 z)). Scalar division per lane: this form is rare.
inline void gelu_tanh(float* x, int n) {
  for (int i = 0; i < n; ++i) {
    const float z = 0.7978845608f * (x[i] + 0.044715f * x[i] * x[i] * x[i]);
    const float magnitude = z < 0.0f ? -z : z;
    float decay[kLanes];
    f_store(decay, exp_negative(f_set(-2.0f * magnitude)));
    x[i] *= (z < 0.0f ? decay[0] : 1.0f) / (1.0f + decay[0]);
  }
}

inline void activate_rows(float* x, int64_t stride, int rows, int width, Activation activation) {
  for (int r = 0; r < rows; ++r, x += stride) {
    if (activation == Activation::kGeluTanh) {
      gelu_tanh(x, width);
      continue;
    }
    for (int i = 0; i < width; i += kLanes) {
      const int n = min_of(kLanes, width - i);
      const F v = f_load_n(x + i, n);
      f_store_n(x + i, activation == Activation::kRelu ? f_max(v, f_zero()) : gelu(v), n);
    }
  }
}

}  // namespace QL_ISA
}  // namespace quantlat
