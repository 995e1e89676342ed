// What a set of kernels offers to the encoder, independent of the instruction set that runs it.
//
// All matrices are row-major with a stride in elements of their own type. Buffers that a linear writes hold whole
// blocks of 32 columns; buffers that it reads may be read up to three bytes past their width.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quantlat {

constexpr int kColumns = 32;  // of a packed block of weights
constexpr int kMaxHeadSize = 512;

constexpr int64_t round_up(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

// u8 activation: q = clamp(round(x[j] * inverse_step[j] + zero_point), 0, 255). The steps of a tensor differ only where
// its linear is smoothed: the multiplier of a channel and the scale of the tensor are one number here.
struct Quantizer {
  const float* inverse_step;  // [columns of the tensor]
  float zero_point;

  Quantizer from(int column) const { return {inverse_step + column, zero_point}; }
};

// y = scale * (start + sum_k a_k w_k) + bias. The weights are packed [out / 32][steps][32][4 bytes].
struct PackedLinear {
  bool int8 = false;  // u8 activations against s8 weights; otherwise fp32 against fp32
  int in = 0;
  int out = 0;
  int steps = 0;   // four bytes of a row each
  int blocks = 0;  // of 32 output columns
  const uint8_t* weight = nullptr;
  const float* scale = nullptr;    // [32 * blocks]
  const float* bias = nullptr;     // [32 * blocks]
  const int32_t* start = nullptr;  // [32 * blocks] minus zero point times the column's sum of weights; null for fp32
  Quantizer input = {nullptr, 0.0f};
};

// A share of a linear's output columns, in whole blocks; by default all of them.
struct Share {
  int part = 0;
  int parts = 1;

  int first_block(const PackedLinear& linear) const {
    return static_cast<int>(static_cast<int64_t>(linear.blocks) * part / parts);
  }
  int first_column(const PackedLinear& linear) const { return first_block(linear) * kColumns; }
};

// The linear that makes these columns; what it writes begins at the share's first column.
inline PackedLinear share_of(const PackedLinear& linear, Share share) {
  const int first = share.first_block(linear), end = Share{share.part + 1, share.parts}.first_block(linear);
  const int column = first * kColumns, last = end * kColumns;
  PackedLinear some = linear;
  some.blocks = end - first;
  some.out = (last < linear.out ? last : linear.out) - column;
  some.weight += static_cast<int64_t>(first) * linear.steps * 4 * kColumns;
  some.scale += column;
  some.bias += column;
  if (some.start) some.start += column;
  return some;
}

enum class Activation : int32_t { kGelu = 0, kGeluTanh = 1, kRelu = 2 };

struct LayerNorm {
  const float* gain = nullptr;
  const float* bias = nullptr;
  float epsilon = 0.0f;
};

// Rows of a matrix, or of some rows of it: row i is data + index[i] * stride (index null: i).
struct RowView {
  const float* data;
  int64_t stride;
  const int32_t* index;
};

// An embedding table as stored: int8 rows with one scale each.
struct EmbeddingTable {
  const int8_t* rows = nullptr;
  const float* scales = nullptr;
  int64_t count = 0;
};

// Everything one head of one sequence needs while it is packed and its probabilities are computed.
struct HeadWorkspace {
  int16_t* query;        // s16 [length, head size rounded up to 32], of which less may be used
  int16_t* key;          // packed s16 [blocks of 32 keys][pairs of columns][32][2], as large as `query` at most
  float* scores;         // s32, then fp32 [kScoreRows, padded length]
  int16_t* probability;  // s16 [kScoreRows, padded length]
};
constexpr int kScoreRows = 12;

struct HeadTask {
  // Column c of row r is at [r * stride + c / 32 * block_stride + c % 32].
  const float* query;
  const float* key;
  const float* value;
  int64_t stride;
  int64_t block_stride;
  int length;
  int head_size;
  HeadWorkspace workspace;
  int16_t* packed_value;  // s16 [head blocks of 32][padded length / 2][32][2]
  float* value_scale;     // [head size rounded up to 32] what an accumulated product of a column is multiplied with
  float* received;        // [padded length] attention each key receives; null when no token is dropped
  int16_t* probabilities; // [length, padded length] when the product with V is made later; else null
  float* row_scale;       // [length] 1 / sum of a row's unnormalised probabilities, when probabilities are kept
  // Where the context goes when it is made at once.
  uint8_t* context_u8;  // either
  float* context_f32;   // or
  int64_t context_stride;
  Quantizer context_quantizer;
};

// Product of kept rows of stored probabilities with V.
struct ContextTask {
  const int16_t* probabilities;
  const float* row_scale;
  const int32_t* kept;  // ascending rows
  int kept_count;
  int length;
  int head_size;
  const int16_t* packed_value;
  const float* value_scale;
  int16_t* gathered;  // [kScoreRows, padded length]
  uint8_t* context_u8;
  float* context_f32;
  int64_t context_stride;
  Quantizer context_quantizer;
};

struct Kernels {
  const char* name;

  // out[i] = word[id] + position[p] + type[t].
  void (*embed)(const EmbeddingTable& word, const EmbeddingTable& position, const EmbeddingTable& type,
                const int32_t* ids, const int32_t* positions, const int32_t* types, int rows, int width, float* out,
                int64_t out_stride);
  // In place; quantises the result as well when `quantized` is not null.
  void (*layer_norm)(float* x, int64_t stride, int rows, int width, const LayerNorm& norm, const Quantizer& quantizer,
                     uint8_t* quantized, int64_t quantized_stride);
  void (*quantize)(const float* x, int64_t stride, int rows, int width, const Quantizer& quantizer, uint8_t* out,
                   int64_t out_stride);
  // out[2 i], out[2 i + 1] = products of row i with the two columns; `columns` is [2, width].
  void (*answer_logits)(const float* x, int64_t stride, int rows, int width, const float* columns, float* out);
  void (*activate)(float* x, int64_t stride, int rows, int width, Activation activation);

  // `a` is u8 or fp32 as the linear wants it; its stride is in bytes. Block n of 32 columns is written to
  // out + n * block_stride, so 32 gives a row-major matrix.
  void (*linear)(const PackedLinear& linear, const void* a, int64_t a_bytes, int rows, float* out, int64_t out_stride,
                 int64_t block_stride);
  void (*linear_residual)(const PackedLinear& linear, const void* a, int64_t a_bytes, int rows,
                          const RowView& residual, float* out, int64_t out_stride);
  // INT8 only: out = quantise(gelu(y)).
  void (*linear_gelu)(const PackedLinear& linear, const void* a, int64_t a_bytes, int rows,
                      const Quantizer& quantizer, uint8_t* out, int64_t out_stride);

  void (*attention_head)(const HeadTask& task);
  void (*attention_context)(const ContextTask& task);

  // For tests: elementwise exp(x) for x <= 0 as softmax computes it.
  void (*exp_negative)(const float* x, float* out, int count);
};

}  // namespace quantlat
