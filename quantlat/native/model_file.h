// The engine's model file: the quantised model with its weights already packed, read by mapping it into memory.
//
//   byte 0    "QLENGINE"
//        8    u32 version
//       12    u32 CRC-32 of all bytes from 16 on
//       16    u64 size of the file
//       24    i32 x 12: see Config
//       72    f32 epsilon of LayerNorm
//       76    f32 weight of the answer head in which rows are dropped; 0 unless it answers questions
//       80    zeros to 128
//      128    i32 x 2 for each layer: its attention heads and feed-forward neurons, at most those of the header
//   then      one 16-byte record for each linear, in order of execution: u32 kind (0 fp32, 1 INT8), i32 zero point,
//             u32 fused (first of three that share one product), u32 zero
//   then      sections in a fixed order, each starting at a multiple of 64 bytes. Their sizes follow from the
//             configuration and the records alone: the file holds no offsets that could point anywhere.
//
// Order: embeddings (word, position, type: s8 rows, f32 scales; then gain and bias of the norm), then per layer the
// linears query, key, value (or one fused), output, the attention's norm, up, down, the feed-forward's norm, then
// the head's linears (an embedding has none), then, where the answer head's weight is not 0, its f32 columns [2, hidden].
// A linear is: packed weights, f32 scale [32 blocks], f32 bias [32 blocks], and for INT8 s32
// start [32 blocks] and f32 inverse step of each input [in, rounded up to 32]. Little-endian throughout.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels.h"

namespace quantlat {

// A file that is not what it should be; the message says what was found.
class ModelFileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Task : int32_t { kQuestionAnswering = 0, kTextClassification = 1, kEmbedding = 2 };

struct Config {
  Task task;
  int32_t vocabulary;
  int32_t hidden;
  int32_t layers;
  int32_t heads;         // of the widest layer possible; they divide the hidden size
  int32_t intermediate;  // the same of neurons
  int32_t max_positions;
  int32_t types;
  int32_t position_offset;
  Activation activation;
  int32_t labels;
  int32_t pooler_relu;
  float epsilon;
  float answer_weight;

  int head_size() const { return hidden / heads; }
  // Numbers that a sequence gets, or for question answering each of its tokens.
  int outputs() const { return task == Task::kQuestionAnswering ? 2 : task == Task::kEmbedding ? hidden : labels; }
};

struct Layer {
  int heads = 0;
  int neurons = 0;
  int width = 0;  // columns of its query, key, value and context: heads times their size
  std::vector<PackedLinear> qkv;  // one fused or three
  PackedLinear output, up, down;
  LayerNorm attention_norm, feed_forward_norm;
};

// Immutable; shared by the sessions that run it. Owns the mapping that all pointers point into.
class Model {
 public:
  // Throws ModelFileError (damaged file) or std::system_error (cannot be opened or mapped).
  static std::shared_ptr<const Model> open(const std::string& path);
  // The same from memory; the bytes are copied. For tests and fuzzing.
  static std::shared_ptr<const Model> parse(const uint8_t* bytes, size_t size);

  Config config{};
  EmbeddingTable word, position, type;
  LayerNorm embedding_norm;
  std::vector<Layer> layers;
  std::vector<PackedLinear> head;  // QA: one; classification: pooler, classifier; embedding: none
  const float* answer_head = nullptr;  // [2, hidden]; null: attention alone says which rows are dropped
  size_t file_bytes = 0;

  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

 private:
  Model() = default;
  void read(const uint8_t* bytes, size_t size);
  void* mapping_ = nullptr;
  size_t mapped_bytes_ = 0;
  bool is_mapped_ = false;
};

}  // namespace quantlat
