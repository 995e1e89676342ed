#include "encoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "cpu.h"
#include "encoder_buffers.h"

namespace quantlat {

Session::Session(std::shared_ptr<const Model> model, int threads, const std::string& kernels)
    : model_(std::move(model)), kernels_(select_kernels(kernels)), pool_(threads), buffers_(new Buffers()) {
  workers_.resize(static_cast<size_t>(pool_.threads()));
}

Session::~Session() = default;

size_t Session::arena_bytes() {
  const std::lock_guard<std::mutex> lock(turn_);
  return arena_.size();
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
  if (c.task == Task::kEmbedding) return pool(states, logits);
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

// Mean pooling over a sequence's states, then division by the mean's length (Reimers and Gurevych, arXiv 1908.10084).
void Session::pool(const float* states, float* embeddings) {
  const int hidden = model_->config.hidden;
  const int64_t stride = buffers_->hidden_stride;
  for (int s = 0; s < sequences_; ++s) {
    float* sum = embeddings + static_cast<int64_t>(s) * hidden;
    std::fill(sum, sum + hidden, 0.0f);
    for (int row = begins(0)[s]; row < begins(0)[s + 1]; ++row) {
      const float* x = states + row * stride;
      for (int i = 0; i < hidden; ++i) sum[i] += x[i];
    }
    const float share = 1.0f / static_cast<float>(std::max(1, rows_of(0, s)));
    double squares = 0.0;
    for (int i = 0; i < hidden; ++i) {
      sum[i] *= share;
      squares += static_cast<double>(sum[i]) * sum[i];
    }
    // The bound is that of torch.nn.functional.normalize: a mean of zero stays zero.
    const float inverse = static_cast<float>(1.0 / std::max(std::sqrt(squares), 1e-12));
    for (int i = 0; i < hidden; ++i) sum[i] *= inverse;
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
