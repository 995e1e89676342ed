// Runs a model over ragged batches: no padding anywhere, tokens dropped between layers, states restored at the end.
//
// All rows of all sequences lie one after the other. A layer is two parallel phases (four where it drops tokens):
//
//   heads   one task per sequence and head: pack, scores, softmax, context (attention.h)
//   [select one task per sequence: significance, the rows that stay; rows that leave are put aside]
//   [context one task per sequence and head: the product with V for the rows that stay]
//   rows    one task per chunk of rows, from the context to the next layer's Q, K, V: output projection + residual,
//           norm + quantise, up + GELU + quantise, down + residual, norm + quantise, Q K V. The chunk's intermediate
//           results stay in the L2 of the core that works on it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "arena.h"
#include "kernels.h"
#include "model_file.h"
#include "thread_pool.h"

namespace quantlat {

// A checked batch. `lengths` (rows that leave each layer's attention, [sequences, layers]) may be null: full length.
struct RaggedBatch {
  const int32_t* ids;        // [tokens]
  const int32_t* types;      // [tokens]
  const int32_t* offsets;    // [sequences + 1]
  const int32_t* lengths;
  int sequences;

  int tokens() const { return offsets[sequences]; }
};

class Session {
 public:
  Session(std::shared_ptr<const Model> model, int threads, const std::string& kernels);
  ~Session();

  // Logits: [tokens, 2] for question answering, [sequences, labels] for classification, and for embeddings
  // [sequences, hidden]: the mean over the sequence's restored states, of length 1. `left` (or null, [tokens])
  // receives the layer at which each token was dropped, counted from 0; the number of layers if it never was.
  // Calls from several threads take turns.
  void run(const RaggedBatch& batch, float* logits, int32_t* left);

  const Model& model() const { return *model_; }
  const char* kernels() const { return kernels_.name; }
  int threads() const { return pool_.threads(); }
  size_t arena_bytes();

 private:
  struct Worker;
  struct Buffers;
  struct Wave;
  struct Stored;

  void plan(const RaggedBatch& batch);
  Wave next_wave(int layer, int first) const;
  void lay_out();
  void embed(const RaggedBatch& batch);
  void attend(int layer);
  void place_stored(int layer, const Wave& wave);
  void attend_head(int layer, int sequence, int head, const Worker& w);
  void select(int layer, int sequence, const Worker& w);
  void multiply_kept(int layer, int sequence, int head, const Worker& w);
  uint8_t* context_row(int layer, int sequence) const;
  void finish_rows(int layer);
  void finish_chunk(int layer, int row, int rows, const Worker& w);
  void finish_together(int layer, int rows);
  void embed_rows(const RaggedBatch& batch, int row, int rows, uint8_t* quantized);
  void project_context(int layer, int row, int rows, const Worker& w, Share share);
  void raise(int layer, int rows, const Worker& w, Share share);
  void lower(int layer, int row, int rows, const Worker& w, Share share);
  void finish_norm(int layer, int row, int rows, uint8_t* quantized);
  void score_answers(int layer, const float* x, int row, int rows);
  void project_qkv(int layer, const float* x, int row, int rows, const Worker& w, Share share);
  void answer(float* logits);
  void pool(const float* states, float* embeddings);

  // First row of a sequence among the rows that enter a layer (for layer == layers: that leave the last one).
  const Layer& layer_at(int layer) const { return model_->layers[static_cast<size_t>(layer)]; }
  const int32_t* begins(int layer) const { return begins_.data() + static_cast<size_t>(layer) * (sequences_ + 1); }
  int rows_of(int layer, int sequence) const { return begins(layer)[sequence + 1] - begins(layer)[sequence]; }
  bool drops_in(int layer) const { return begins(layer)[sequences_] != begins(layer + 1)[sequences_]; }
  int chunk_limit() const;
  int chunks_for(int rows) const;
  int together_limit() const;
  bool works_together(int rows, int next_layer) const;

  std::shared_ptr<const Model> model_;
  Kernels kernels_;
  ThreadPool pool_;
  Arena arena_;
  std::mutex turn_;
  std::vector<Worker> workers_;
  std::unique_ptr<Buffers> buffers_;

  // The plan of the batch that runs.
  int sequences_ = 0;
  int tokens_ = 0;
  int longest_ = 0;
  bool drops_ = false;
  std::vector<int32_t> begins_;  // [layers + 1, sequences + 1]
  std::vector<Stored> stored_;   // [sequences]
  std::vector<int32_t> dropping_;  // sequences of the wave that drop tokens
};

}  // namespace quantlat
