// Fills a table with the kernels of the instruction set that the including translation unit is compiled for.
#pragma once

#include "attention.h"
#include "gelu.h"
#include "gemm.h"
#include "kernels.h"
#include "layer_norm.h"
#include "softmax.h"

namespace quantlat {
namespace QL_ISA {

inline Kernels kernel_table(const char* name) {
  Kernels k{};
  k.name = name;
  k.embed = embed_rows;
  k.layer_norm = layer_norm_rows;
  k.quantize = quantize_rows;
  k.answer_logits = answer_logits_rows;
  k.activate = activate_rows;
  k.linear = run_linear;
  k.linear_residual = run_linear_residual;
  k.linear_gelu = run_linear_gelu;
  k.attention_head = attention_head;
  k.attention_context = attention_context;
  k.exp_negative = exp_negative_all;
  return k;
}

}  // namespace QL_ISA
}  // namespace quantlat
