#include "encoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "cpu.h"
#include "selection.h"

namespace quantlat {
namespace {

// Rows of a chunk at most. Every chunk streams all weights of a layer through L2, so few large chunks are best while a
// chunk's activations (2 to 3 KiB a row for MiniLM) stay in L2; with several threads they are smaller, so that work can
// move between threads.
constexpr int kChunkRows = 256;
constexpr int kSharedChunkRows = 96;
constexpr int64_t kWaveBytes = 32 << 20;  // probabilities kept for the sequences that are attended together

int64_t padded_length(int64_t n) { return round_up(n, kColumns); }

}  // namespace

// Scratch of one thread.
struct Session::Worker {
  HeadWorkspace head;
  int16_t* packed_value;  // of a head that drops nothing
  int16_t* gathered;
  uint8_t* quantized;  // [chunk, hidden]
  float* middle;       // [chunk, hidden], the residual around the feed-forward
  float* raised;       // [chunk, intermediate] fp32, when a kernel for u8 does not apply
  uint8_t* raised_u8;  // [chunk, intermediate]
  uint64_t* keys;      // [longest sequence]
  float* logits;       // of one sequence
};

struct Session::Buffers {
  float* hidden;  // [tokens, hidden_stride]
  float* next_hidden;
  int64_t hidden_stride;
  // Q, K and V. Where heads are whole blocks of 32 columns, block after block, each [tokens, 32]: a head then reads
  // consecutive memory. Otherwise row-major.
  float* qkv;
  int64_t qkv_stride;
  int64_t qkv_block;  // from one block of 32 columns to the next
  int64_t qkv_part;   // from Q to K, from K to V
  uint8_t* context;  // [tokens, context_bytes], u8 or fp32 as the output projection wants it
  int64_t context_bytes;
  int64_t quantized_stride;
  int64_t raised_stride;
  float* restored;   // [tokens, hidden_stride]; null when nothing is dropped
  int32_t* origin;   // [tokens] each row's place in the input; null when nothing is dropped
  int32_t* next_origin;
  int32_t* kept;     // [tokens] row before the drop
  int32_t* positions;
  float* value_scale;      // [sequences, heads, head size rounded up to 32]
  float* received;         // [wave: per sequence, heads x padded length]
  float* row_scale;        // the same
  int16_t* probabilities;  // [wave: per sequence, heads x length x padded length]
  int16_t* packed_values;  // [wave: per sequence, heads x packed V]
  int32_t* left;
};

// Sequences [first, last) and how much those among them that drop tokens store.
struct Session::Wave {
  int first = 0;
  int last = 0;
  int64_t probabilities = 0;  // in elements
  int64_t columns = 0;
  int64_t values = 0;
};

// Where a sequence's part of them begins.
struct Session::Stored {
  int64_t probabilities, columns, values;
};

Session::Session(std::shared_ptr<const Model> model, int threads, const std::string& kernels)
    : model_(std::move(model)), kernels_(select_kernels(kernels)), pool_(threads), buffers_(new Buffers()) {
  workers_.resize(static_cast<size_t>(pool_.threads()));
}

Session::~Session() = default;

size_t Session::arena_bytes() {
  const std::lock_guard<std::mutex> lock(turn_);
  return arena_.size();
}

int Session::chunk_limit() const { return pool_.threads() > 1 ? kSharedChunkRows : kChunkRows; }

int Session::chunks_for(int rows) const {
  const int threads = pool_.threads();
  int chunks = (rows + chunk_limit() - 1) / chunk_limit();
  // As many chunks for every thread, unless they would be too small to keep a block of weights busy.
  chunks = static_cast<int>(round_up(chunks, threads));
  return std::max(1, std::min(chunks, rows / 12));  // a chunk is at most max(limit, 23) rows
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
  const Config& c = model_->config;
  const int64_t head_columns = padded_length(c.head_size());
  Wave w;
  w.first = w.last = first;
  while (w.last < sequences_) {
    const int64_t rows = rows_of(layer, w.last);
    if (rows_of(layer + 1, w.last) != rows) {
      const int64_t columns = padded_length(rows), probabilities = c.heads * rows * columns;
      if (w.probabilities && (w.probabilities + probabilities) * 2 > kWaveBytes) break;
      w.probabilities += round_up(probabilities, kColumns);
      w.columns += c.heads * columns;
      w.values += c.heads * columns * head_columns;
    }
    ++w.last;
  }
  return w;
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
  const int64_t chunk = chunk_limit();
  const int64_t columns = padded_length(longest_), head_columns = padded_length(c.head_size());
  Buffers& b = *buffers_;
  b.hidden_stride = padded_length(c.hidden);
  const int64_t qkv_columns = std::max(padded_length(3 * c.hidden), 2 * c.hidden + padded_length(c.hidden));
  const bool blocked = c.head_size() % kColumns == 0;
  b.qkv_stride = blocked ? kColumns : qkv_columns;
  b.qkv_block = blocked ? int64_t{tokens_} * kColumns : kColumns;
  b.qkv_part = blocked ? c.hidden / kColumns * b.qkv_block : c.hidden;
  b.quantized_stride = round_up(c.hidden, 64);
  b.raised_stride = round_up(c.intermediate, 64);
  b.context_bytes = round_up(c.hidden, 64) * 4;
  bool all_int8 = true;
  for (const Layer& layer : model_->layers) all_int8 = all_int8 && layer.output.int8;
  if (all_int8) b.context_bytes = round_up(c.hidden, 64);
  const auto hand_out = [&](Arena& arena) {
    const size_t n = static_cast<size_t>(tokens_);
    b.hidden = arena.take<float>(n * b.hidden_stride);
    b.next_hidden = arena.take<float>(n * b.hidden_stride);
    b.qkv = arena.take<float>(n * qkv_columns);
    b.context = arena.take<uint8_t>(n * b.context_bytes);
    b.positions = arena.take<int32_t>(n);
    b.value_scale = arena.take<float>(static_cast<size_t>(sequences_) * c.heads * head_columns);
    b.restored = drops_ ? arena.take<float>(n * b.hidden_stride) : nullptr;
    b.origin = drops_ ? arena.take<int32_t>(n) : nullptr;
    b.next_origin = drops_ ? arena.take<int32_t>(n) : nullptr;
    b.kept = drops_ ? arena.take<int32_t>(n) : nullptr;
    b.received = arena.take<float>(largest.columns);
    b.row_scale = arena.take<float>(largest.columns);
    b.probabilities = arena.take<int16_t>(largest.probabilities);
    b.packed_values = arena.take<int16_t>(largest.values);
    for (Worker& w : workers_) {
      w.head.query = arena.take<int16_t>(columns * round_up(c.head_size(), 2));
      w.head.key = arena.take<int16_t>(columns * round_up(c.head_size(), 2));
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

// Q, K, V of rows [row, row + rows); w.quantized already holds x as the first linear wants it, if that is INT8.
void Session::project_qkv(int layer, const float* x, int row, int rows, const Worker& w) {
  Buffers& b = *buffers_;
  const Config& c = model_->config;
  float* out = b.qkv + row * b.qkv_stride;
  bool first = true;
  for (const PackedLinear& linear : model_->layers[static_cast<size_t>(layer)].qkv) {
    if (linear.int8 && !first) {
      kernels_.quantize(x, b.hidden_stride, rows, c.hidden, linear.input, w.quantized, b.quantized_stride);
    }
    if (linear.int8) {
      kernels_.linear(linear, w.quantized, b.quantized_stride, rows, out, b.qkv_stride, b.qkv_block);
    } else {
      kernels_.linear(linear, x, b.hidden_stride * 4, rows, out, b.qkv_stride, b.qkv_block);
    }
    out += b.qkv_part;
    first = false;
  }
}

void Session::embed(const RaggedBatch& batch) {
  Buffers& b = *buffers_;
  const Model& m = *model_;
  for (int s = 0; s < sequences_; ++s) {
    for (int i = batch.offsets[s]; i < batch.offsets[s + 1]; ++i) {
      b.positions[i] = i - batch.offsets[s] + m.config.position_offset;
      if (drops_) b.origin[i] = i;
    }
  }
  const int chunks = chunks_for(tokens_);
  const PackedLinear& first = m.layers[0].qkv[0];
  pool_.run(chunks, [&](int task, int worker) {
    const int row = static_cast<int>(static_cast<int64_t>(tokens_) * task / chunks);
    const int rows = static_cast<int>(static_cast<int64_t>(tokens_) * (task + 1) / chunks) - row;
    const Worker& w = workers_[static_cast<size_t>(worker)];
    float* x = b.hidden + row * b.hidden_stride;
    kernels_.embed(m.word, m.position, m.type, batch.ids + row, b.positions + row, batch.types + row, rows,
                   m.config.hidden, x, b.hidden_stride);
    kernels_.layer_norm(x, b.hidden_stride, rows, m.config.hidden, m.embedding_norm, first.input,
                        first.int8 ? w.quantized : nullptr, b.quantized_stride);
    project_qkv(0, x, row, rows, w);
  });
}

void Session::place_stored(int layer, const Wave& wave) {
  const int64_t heads = model_->config.heads, head_columns = padded_length(model_->config.head_size());
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

uint8_t* Session::context_row(int layer, int sequence) const {
  return buffers_->context + begins(layer + 1)[sequence] * buffers_->context_bytes;
}

void Session::attend_head(int layer, int sequence, int head, const Worker& w) {
  const Buffers& b = *buffers_;
  const Config& c = model_->config;
  const PackedLinear& output = model_->layers[static_cast<size_t>(layer)].output;
  HeadTask t{};
  t.length = rows_of(layer, sequence);
  t.head_size = c.head_size();
  t.stride = b.qkv_stride;
  t.block_stride = b.qkv_block;
  const int64_t first = b.qkv_stride == kColumns ? head * (t.head_size / kColumns) * b.qkv_block : head * t.head_size;
  t.query = b.qkv + begins(layer)[sequence] * b.qkv_stride + first;
  t.key = t.query + b.qkv_part;
  t.value = t.key + b.qkv_part;
  t.workspace = w.head;
  t.value_scale = b.value_scale + (static_cast<int64_t>(sequence) * c.heads + head) * padded_length(t.head_size);
  if (rows_of(layer + 1, sequence) == t.length) {
    t.packed_value = w.packed_value;
    uint8_t* out = context_row(layer, sequence);
    if (output.int8) {
      t.context_u8 = out + head * t.head_size;
      t.context_stride = b.context_bytes;
    } else {
      t.context_f32 = reinterpret_cast<float*>(out) + head * t.head_size;
      t.context_stride = b.context_bytes / 4;
    }
    if (output.int8) t.context_quantizer = output.input.from(head * t.head_size);
  } else {
    const Stored& at = stored_[static_cast<size_t>(sequence)];
    const int64_t columns = padded_length(t.length);
    t.packed_value = b.packed_values + at.values + head * columns * padded_length(t.head_size);
    t.received = b.received + at.columns + head * columns;
    t.row_scale = b.row_scale + at.columns + head * columns;
    t.probabilities = b.probabilities + at.probabilities + head * t.length * columns;
  }
  kernels_.attention_head(t);
}

// Which rows of a sequence leave the layer's attention. Those that do not are put aside with the state in which they
// entered it.
void Session::select(int layer, int sequence, const Worker& w) {
  const Buffers& b = *buffers_;
  const Config& c = model_->config;
  const int rows = rows_of(layer, sequence), keep = rows_of(layer + 1, sequence);
  const int begin = begins(layer)[sequence], next = begins(layer + 1)[sequence];
  float* received = b.received + stored_[static_cast<size_t>(sequence)].columns;
  const int64_t columns = padded_length(rows);
  for (int head = 1; head < c.heads; ++head) {
    for (int i = 0; i < rows; ++i) received[i] += received[head * columns + i];
  }
  int32_t* kept = b.kept + next;
  select_rows(received, rows, keep, w.keys, kept);
  int k = 0;
  for (int i = 0; i < rows; ++i) {
    const int32_t origin = b.origin[begin + i];
    if (k < keep && kept[k] == i) {
      b.next_origin[next + k++] = origin;
      continue;
    }
    std::memcpy(b.restored + origin * b.hidden_stride, b.hidden + (begin + i) * b.hidden_stride,
                static_cast<size_t>(c.hidden) * sizeof(float));
    if (b.left) b.left[origin] = layer;
  }
}

void Session::multiply_kept(int layer, int sequence, int head, const Worker& w) {
  const Buffers& b = *buffers_;
  const Config& c = model_->config;
  const PackedLinear& output = model_->layers[static_cast<size_t>(layer)].output;
  const Stored& at = stored_[static_cast<size_t>(sequence)];
  ContextTask t{};
  t.length = rows_of(layer, sequence);
  t.head_size = c.head_size();
  const int64_t columns = padded_length(t.length);
  t.probabilities = b.probabilities + at.probabilities + head * t.length * columns;
  t.row_scale = b.row_scale + at.columns + head * columns;
  t.kept = b.kept + begins(layer + 1)[sequence];
  t.kept_count = rows_of(layer + 1, sequence);
  t.packed_value = b.packed_values + at.values + head * columns * padded_length(t.head_size);
  t.value_scale = b.value_scale + (static_cast<int64_t>(sequence) * c.heads + head) * padded_length(t.head_size);
  t.gathered = w.gathered;
  uint8_t* out = context_row(layer, sequence);
  if (output.int8) {
    t.context_u8 = out + head * t.head_size;
    t.context_stride = b.context_bytes;
  } else {
    t.context_f32 = reinterpret_cast<float*>(out) + head * t.head_size;
    t.context_stride = b.context_bytes / 4;
  }
  if (output.int8) t.context_quantizer = output.input.from(head * t.head_size);
  kernels_.attention_context(t);
}

void Session::attend(int layer) {
  const int heads = model_->config.heads;
  Buffers& b = *buffers_;
  for (Wave wave = next_wave(layer, 0);; wave = next_wave(layer, wave.last)) {
    place_stored(layer, wave);
    pool_.run((wave.last - wave.first) * heads, [&](int task, int worker) {
      attend_head(layer, wave.first + task / heads, task % heads, workers_[static_cast<size_t>(worker)]);
    });
    const int dropping = static_cast<int>(dropping_.size());
    if (dropping) {
      pool_.run(dropping, [&](int task, int worker) {
        select(layer, dropping_[static_cast<size_t>(task)], workers_[static_cast<size_t>(worker)]);
      });
      pool_.run(dropping * heads, [&](int task, int worker) {
        multiply_kept(layer, dropping_[static_cast<size_t>(task / heads)], task % heads,
                      workers_[static_cast<size_t>(worker)]);
      });
    }
    if (wave.last == sequences_) break;
  }
  if (!drops_in(layer)) return;
  for (int s = 0; s < sequences_; ++s) {
    const int begin = begins(layer)[s], next = begins(layer + 1)[s], keep = rows_of(layer + 1, s);
    const bool all = keep == rows_of(layer, s);
    for (int i = 0; i < keep; ++i) {
      if (all) b.next_origin[next + i] = b.origin[begin + i];
      b.kept[next + i] = begin + (all ? i : b.kept[next + i]);
    }
  }
  std::swap(b.origin, b.next_origin);
}

// From the context of some rows to their Q, K, V in the next layer.
void Session::finish_chunk(int index, int row, int rows, const Worker& w) {
  Buffers& b = *buffers_;
  const Model& m = *model_;
  const Layer& layer = m.layers[static_cast<size_t>(index)];
  const int hidden = m.config.hidden, intermediate = m.config.intermediate;
  const RowView residual = drops_in(index)
                               ? RowView{b.hidden, b.hidden_stride, b.kept + row}
                               : RowView{b.hidden + row * b.hidden_stride, b.hidden_stride, nullptr};
  kernels_.linear_residual(layer.output, b.context + row * b.context_bytes, b.context_bytes, rows, residual, w.middle,
                           b.hidden_stride);
  kernels_.layer_norm(w.middle, b.hidden_stride, rows, hidden, layer.attention_norm, layer.up.input,
                      layer.up.int8 ? w.quantized : nullptr, b.quantized_stride);

  const void* raised = w.raised_u8;
  int64_t raised_bytes = b.raised_stride;
  if (layer.up.int8 && layer.down.int8 && m.config.activation == Activation::kGelu) {
    kernels_.linear_gelu(layer.up, w.quantized, b.quantized_stride, rows, layer.down.input, w.raised_u8,
                         b.raised_stride);
  } else {
    const void* x = layer.up.int8 ? static_cast<const void*>(w.quantized) : w.middle;
    const int64_t x_bytes = layer.up.int8 ? b.quantized_stride : b.hidden_stride * 4;
    kernels_.linear(layer.up, x, x_bytes, rows, w.raised, b.raised_stride, kColumns);
    kernels_.activate(w.raised, b.raised_stride, rows, intermediate, m.config.activation);
    if (layer.down.int8) {
      kernels_.quantize(w.raised, b.raised_stride, rows, intermediate, layer.down.input, w.raised_u8,
                        b.raised_stride);
    } else {
      raised = w.raised;
      raised_bytes = b.raised_stride * 4;
    }
  }

  float* out = b.next_hidden + row * b.hidden_stride;
  kernels_.linear_residual(layer.down, raised, raised_bytes, rows, {w.middle, b.hidden_stride, nullptr}, out,
                           b.hidden_stride);
  const bool last = index + 1 == m.config.layers;
  const PackedLinear* next = last ? nullptr : &m.layers[static_cast<size_t>(index + 1)].qkv[0];
  const bool quantize = next && next->int8;
  kernels_.layer_norm(out, b.hidden_stride, rows, hidden, layer.feed_forward_norm,
                      quantize ? next->input : Quantizer{nullptr, 0.0f}, quantize ? w.quantized : nullptr,
                      b.quantized_stride);
  if (next) project_qkv(index + 1, out, row, rows, w);
}

void Session::finish_rows(int layer) {
  const int total = begins(layer + 1)[sequences_];
  const int chunks = chunks_for(total);
  pool_.run(chunks, [&](int task, int worker) {
    const int row = static_cast<int>(static_cast<int64_t>(total) * task / chunks);
    const int end = static_cast<int>(static_cast<int64_t>(total) * (task + 1) / chunks);
    finish_chunk(layer, row, end - row, workers_[static_cast<size_t>(worker)]);
  });
  std::swap(buffers_->hidden, buffers_->next_hidden);
}

// The task's head on restored states.
void Session::answer(float* logits) {
  Buffers& b = *buffers_;
  const Model& m = *model_;
  const Config& c = m.config;
  const float* states = b.hidden;
  if (drops_) {
    const int rows = begins(c.layers)[sequences_];
    for (int i = 0; i < rows; ++i) {
      std::memcpy(b.restored + b.origin[i] * b.hidden_stride, b.hidden + i * b.hidden_stride,
                  static_cast<size_t>(c.hidden) * sizeof(float));
    }
    states = b.restored;
  }
  // A few rows at a time through the scratch of the calling thread; Q, K and V are not needed any more.
  const Worker& w = workers_[0];
  const auto apply = [&](const PackedLinear& linear, const float* x, int rows, float* out, int64_t stride) {
    if (linear.int8) {
      kernels_.quantize(x, b.hidden_stride, rows, c.hidden, linear.input, w.quantized, b.quantized_stride);
      kernels_.linear(linear, w.quantized, b.quantized_stride, rows, out, stride, kColumns);
    } else {
      kernels_.linear(linear, x, b.hidden_stride * 4, rows, out, stride, kColumns);
    }
  };
  if (c.task == Task::kQuestionAnswering) {
    float block[24 * kColumns];
    for (int row = 0; row < tokens_; row += 24) {
      const int rows = std::min(24, tokens_ - row);
      apply(m.head[0], states + row * b.hidden_stride, rows, block, kColumns);
      for (int r = 0; r < rows; ++r) {
        logits[2 * (row + r)] = block[r * kColumns];
        logits[2 * (row + r) + 1] = block[r * kColumns + 1];
      }
    }
    return;
  }
  for (int s = 0; s < sequences_; ++s) {
    float* pooled = w.middle;
    apply(m.head[0], states + begins(0)[s] * b.hidden_stride, 1, pooled, b.hidden_stride);
    for (int i = 0; i < c.hidden; ++i) {
      pooled[i] = c.pooler_relu ? std::max(pooled[i], 0.0f) : std::tanh(pooled[i]);
    }
    float* out = w.logits;
    apply(m.head[1], pooled, 1, out, padded_length(c.labels));
    std::memcpy(logits + static_cast<int64_t>(s) * c.labels, out, static_cast<size_t>(c.labels) * sizeof(float));
  }
}

void Session::run(const RaggedBatch& batch, float* logits, int32_t* left) {
  const std::lock_guard<std::mutex> lock(turn_);
  if (batch.sequences == 0) return;
  plan(batch);
  stored_.resize(static_cast<size_t>(sequences_));
  lay_out();
  const int layers = model_->config.layers;
  buffers_->left = left;
  if (left) std::fill(left, left + tokens_, layers);
  embed(batch);
  for (int layer = 0; layer < layers; ++layer) {
    attend(layer);
    finish_rows(layer);
  }
  answer(logits);
}

}  // namespace quantlat
