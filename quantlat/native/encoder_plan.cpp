// What a batch needs, worked out before anything runs: where each sequence's rows begin in every layer, which sequences
// are attended together, how rows are cut into chunks, and who gets which part of the arena.
#include <algorithm>

#include "encoder_buffers.h"

namespace quantlat {
namespace {

// Rows of a chunk at most. Every chunk streams all weights of a layer through L2, so few large chunks are best while a
// chunk's activations (2 to 3 KiB a row for MiniLM) stay in L2; with several threads they are smaller, so that work can
// move between threads.
constexpr int kChunkRows = 256;
constexpr int kSharedChunkRows = 96;
// Rows that all threads work on together, each on its share of a linear's columns: with fewer than some for every
// thread there are not enough chunks, and each chunk would wait for all weights by itself.
constexpr int kRowsTogether = 24;    // for each thread
constexpr int kMostTogether = 192;
constexpr int64_t kWaveBytes = 32 << 20;  // probabilities kept for the sequences that are attended together

}  // namespace

int Session::chunk_limit() const { return pool_.threads() > 1 ? kSharedChunkRows : kChunkRows; }

int Session::chunks_for(int rows) const {
  const int threads = pool_.threads();
  int chunks = (rows + chunk_limit() - 1) / chunk_limit();
  // As many chunks for every thread, unless they would be too small to keep a block of weights busy.
  chunks = static_cast<int>(round_up(chunks, threads));
  return std::max(1, std::min(chunks, rows / 12));  // a chunk is at most max(limit, 23) rows
}

int Session::together_limit() const {
  return pool_.threads() > 1 ? std::min(kRowsTogether * pool_.threads(), kMostTogether) : 0;
}

// Whether rows go together from a layer's context to the next layer's Q, K, V. Separate Q, K and V may be quantised
// differently, and share the memory for it.
bool Session::works_together(int rows, int next_layer) const {
  return rows < together_limit() && (next_layer == model_->config.layers || layer_at(next_layer).qkv.size() == 1);
}

void Session::plan(const RaggedBatch& batch) {
  const int layers = model_->config.layers;
  sequences_ = batch.sequences;
  tokens_ = batch.tokens();
  longest_ = 0;
  begins_.resize(static_cast<size_t>(layers + 1) * (sequences_ + 1));
  std::copy(batch.offsets, batch.offsets + sequences_ + 1, begins_.begin());
  for (int s = 0; s < sequences_; ++s) longest_ = std::max(longest_, rows_of(0, s));
  for (int layer = 0; layer < layers; ++layer) {
    int32_t* next = begins_.data() + static_cast<size_t>(layer + 1) * (sequences_ + 1);
    next[0] = 0;
    for (int s = 0; s < sequences_; ++s) {
      const int rows = batch.lengths ? batch.lengths[static_cast<int64_t>(s) * layers + layer] : rows_of(layer, s);
      next[s + 1] = next[s] + rows;
    }
  }
  drops_ = begins(layers)[sequences_] != tokens_;
}

Session::Wave Session::next_wave(int layer, int first) const {
  const int64_t heads = layer_at(layer).heads, head_columns = padded_length(model_->config.head_size());
  Wave w;
  w.first = w.last = first;
  while (w.last < sequences_) {
    const int64_t rows = rows_of(layer, w.last);
    if (rows_of(layer + 1, w.last) != rows) {
      const int64_t columns = padded_length(rows), probabilities = heads * rows * columns;
      if (w.probabilities && (w.probabilities + probabilities) * 2 > kWaveBytes) break;
      w.probabilities += round_up(probabilities, kColumns);
      w.columns += heads * columns;
      w.values += heads * columns * head_columns;
    }
    ++w.last;
  }
  return w;
}

void Session::place_stored(int layer, const Wave& wave) {
  const int64_t heads = layer_at(layer).heads, head_columns = padded_length(model_->config.head_size());
  Stored next{0, 0, 0};
  dropping_.clear();
  for (int s = wave.first; s < wave.last; ++s) {
    const int64_t rows = rows_of(layer, s);
    if (rows_of(layer + 1, s) == rows) continue;
    stored_[static_cast<size_t>(s)] = next;
    dropping_.push_back(s);
    next.probabilities += round_up(heads * rows * padded_length(rows), kColumns);
    next.columns += heads * padded_length(rows);
    next.values += heads * padded_length(rows) * head_columns;
  }
}

// Hands out the arena twice: first without memory, to learn the size, then for good.
void Session::lay_out() {
  const Config& c = model_->config;
  Wave largest;
  for (int layer = 0; drops_ && layer < c.layers; ++layer) {
    for (Wave w = next_wave(layer, 0);; w = next_wave(layer, w.last)) {
      largest.probabilities = std::max(largest.probabilities, w.probabilities);
      largest.columns = std::max(largest.columns, w.columns);
      largest.values = std::max(largest.values, w.values);
      if (w.last == sequences_) break;
    }
  }
  const int64_t columns = padded_length(longest_), head_columns = padded_length(c.head_size());
  Buffers& b = *buffers_;
  b.hidden_stride = padded_length(c.hidden);
  int width = 0, neurons = 0, heads = 0;  // of the widest layers
  bool all_int8 = true;
  for (const Layer& layer : model_->layers) {
    width = std::max(width, layer.width);
    neurons = std::max(neurons, layer.neurons);
    heads = std::max(heads, layer.heads);
    all_int8 = all_int8 && layer.output.int8;
  }
  const int64_t qkv_columns = std::max(padded_length(3 * width), 2 * width + padded_length(width));
  const bool blocked = c.head_size() % kColumns == 0;
  b.qkv_stride = blocked ? kColumns : qkv_columns;
  b.qkv_block = blocked ? int64_t{tokens_} * kColumns : kColumns;
  b.quantized_stride = round_up(c.hidden, 64);
  b.raised_stride = round_up(neurons, 64);
  b.context_bytes = round_up(width, 64) * (all_int8 ? 1 : 4);
  const auto hand_out = [&](Arena& arena) {
    const size_t n = static_cast<size_t>(tokens_);
    b.hidden = arena.take<float>(n * b.hidden_stride);
    b.next_hidden = arena.take<float>(n * b.hidden_stride);
    b.qkv = arena.take<float>(n * qkv_columns);
    b.context = arena.take<uint8_t>(n * b.context_bytes);
    b.positions = arena.take<int32_t>(n);
    b.value_scale = arena.take<float>(static_cast<size_t>(sequences_) * heads * head_columns);
    b.restored = drops_ ? arena.take<float>(n * b.hidden_stride) : nullptr;
    b.origin = drops_ ? arena.take<int32_t>(n) : nullptr;
    b.next_origin = drops_ ? arena.take<int32_t>(n) : nullptr;
    b.kept = drops_ ? arena.take<int32_t>(n) : nullptr;
    b.answer_logits = drops_ && model_->answer_head ? arena.take<float>(2 * n) : nullptr;
    b.received = arena.take<float>(largest.columns);
    b.row_scale = arena.take<float>(largest.columns);
    b.probabilities = arena.take<int16_t>(largest.probabilities);
    b.packed_values = arena.take<int16_t>(largest.values);
    for (Worker& w : workers_) {
      // Rows that are worked on together lie in the first worker's.
      const int64_t chunk = &w == workers_.data() ? std::max(chunk_limit(), together_limit()) : chunk_limit();
      w.head.query = arena.take<int16_t>(columns * head_columns);
      w.head.key = arena.take<int16_t>(columns * head_columns);
      w.head.scores = arena.take<float>(kScoreRows * columns);
      w.head.probability = arena.take<int16_t>(kScoreRows * columns);
      w.packed_value = arena.take<int16_t>(columns * head_columns);
      w.gathered = arena.take<int16_t>(kScoreRows * columns);
      w.quantized = arena.take<uint8_t>(chunk * b.quantized_stride);
      w.middle = arena.take<float>(chunk * b.hidden_stride);
      w.raised = arena.take<float>(chunk * b.raised_stride);
      w.raised_u8 = arena.take<uint8_t>(chunk * b.raised_stride);
      w.keys = arena.take<uint64_t>(columns);
      w.logits = arena.take<float>(padded_length(c.labels));
    }
  };
  Arena measure;
  hand_out(measure);
  arena_.reset(measure.used());
  hand_out(arena_);
}

}  // namespace quantlat
