// GELU, exact and tanh form, and ReLU on vectors.
//
// Neither form of gelu(x) = x Phi(x) needs an exponential, and the quantisation step that follows is some hundred times
// coarser than their errors.
//
// With AVX-512: thirty cubics, one for each third of [-5.17, 4.83], whose coefficients are looked up by the interval's
// number in tables that two registers hold (vpermt2ps). Within 6.4e-6. That is 4 multiply-adds, which is what matters
// on a core that starts one 512-bit multiply-add per cycle (Zen 4): lookups, maxima and additions go to other ports,
// and the products of the next panel, which run beside, need the multipliers.
// Otherwise: a polynomial of degree 11 in u = |x| / 2.4 - 1 on [0, 4.8], fitted by Remez exchange; powers of u in
// [-1, 1] keep the evaluation well conditioned. Within 8.6e-6.
#pragma once

#include "simd.h"
#include "softmax.h"

namespace quantlat {
namespace QL_ISA {

#if defined(QL_SIMD_AVX512)

// Coefficients of 1, x, x^2, x^3 in the interval [(i - 16.5) / 3, (i - 15.5) / 3]. The first and the last, which reach
// to infinity, are 0 and x.
alignas(64) constexpr float kGeluCubics[4][32] = {
    {0.0f, -0.00385646429f, -0.0126030101f, -0.0357016921f, -0.08718656f, -0.182258829f, -0.323112071f, -0.479636252f,
     -0.585450292f, -0.571717203f, -0.426949561f, -0.223691583f, -0.0657128692f, -0.000110342575f, 0.00538253039f,
     0.000513950479f, 6.37311996e-06f, 0.000513950479f, 0.00538253039f, -0.000110342575f, -0.0657128692f,
     -0.223691583f, -0.426949561f, -0.571717203f, -0.585450292f, -0.479636252f, -0.323112071f, -0.182258829f,
     -0.08718656f, -0.0357016921f, -0.0126030101f, 0.0f},
    {0.0f, -0.00220930111f, -0.00767411524f, -0.0231691245f, -0.0604486465f, -0.135214865f, -0.25637579f,
     -0.404824495f, -0.516194701f, -0.497821361f, -0.294718981f, 0.0397434533f, 0.355094284f, 0.520718873f,
     0.537247717f, 0.507261693f, 0.5f, 0.492738307f, 0.462752283f, 0.479281157f, 0.644905686f, 0.960256577f,
     1.29471898f, 1.49782133f, 1.5161947f, 1.4048245f, 1.25637579f, 1.13521481f, 1.06044865f, 1.02316916f, 1.0076741f,
     1.0f},
    {0.0f, -0.000422544021f, -0.00156087207f, -0.00502635865f, -0.0140264519f, -0.0336314067f, -0.0683847591f,
     -0.115335897f, -0.154428214f, -0.14631249f, -0.0512509458f, 0.132448643f, 0.342700005f, 0.482487917f,
     0.498508155f, 0.435814023f, 0.397102982f, 0.435814023f, 0.498508155f, 0.482487917f, 0.342700005f, 0.132448643f,
     -0.0512509458f, -0.14631249f, -0.154428214f, -0.115335897f, -0.0683847591f, -0.0336314067f, -0.0140264519f,
     -0.00502635865f, -0.00156087207f, 0.0f},
    {0.0f, -2.69770262e-05f, -0.000106028769f, -0.000364435022f, -0.00108888443f, -0.00280297408f, -0.00612702407f,
     -0.0110791307f, -0.0156554207f, -0.014469903f, 0.000373329967f, 0.0340493508f, 0.08086963f, 0.120315902f,
     0.125224531f, 0.0808040053f, 6.03404164e-15f, -0.0808040053f, -0.125224531f, -0.120315902f, -0.08086963f,
     -0.0340493508f, -0.000373329967f, 0.014469903f, 0.0156554207f, 0.0110791307f, 0.00612702407f, 0.00280297408f,
     0.00108888443f, 0.000364435022f, 0.000106028769f, 0.0f}};

QL_INLINE F gelu(F x) {
  // The sum's low bits are the interval's number: 2^23 and more has no fraction.
  const F number = f_fma(x, f_set(3.0f), f_set(kRoundingShift + 16.0f));
  const F bounded = f_max(f_min(number, f_set(kRoundingShift + 31.0f)), f_set(kRoundingShift));
  const I interval = as_int(bounded);
  F y = f_lookup(kGeluCubics[3], interval);
  y = f_fma(y, x, f_lookup(kGeluCubics[2], interval));
  y = f_fma(y, x, f_lookup(kGeluCubics[1], interval));
  return f_fma(y, x, f_lookup(kGeluCubics[0], interval));
}

#else

// max(x, 0) - h(|x|) with h(a) = a (1 - Phi(a)), which is smooth on [0, inf) and below 4e-6 from 4.8 on.
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

#endif

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
