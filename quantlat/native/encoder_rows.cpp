// Work on rows that no other row has a part in: embeddings, and from a layer's context to the next layer's Q, K, V.
#include <utility>

#include "encoder_buffers.h"

namespace quantlat {

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
    score_answers(0, x, row, rows);
    project_qkv(0, x, row, rows, w);
  });
}

// What the answer head thinks of rows that enter a layer, if the layer will ask.
void Session::score_answers(int layer, const float* x, int row, int rows) {
  const Buffers& b = *buffers_;
  if (!b.answer_logits || !drops_in(layer)) return;
  kernels_.answer_logits(x, b.hidden_stride, rows, model_->config.hidden, model_->answer_head,
                         b.answer_logits + 2 * static_cast<int64_t>(row));
}

// Q, K, V of rows [row, row + rows); w.quantized already holds x as the first linear wants it, if that is INT8.
void Session::project_qkv(int layer, const float* x, int row, int rows, const Worker& w) {
  Buffers& b = *buffers_;
  const Config& c = model_->config;
  float* out = b.qkv + row * b.qkv_stride;
  bool first = true;
  for (const PackedLinear& linear : layer_at(layer).qkv) {
    if (linear.int8 && !first) {
      kernels_.quantize(x, b.hidden_stride, rows, c.hidden, linear.input, w.quantized, b.quantized_stride);
    }
    if (linear.int8) {
      kernels_.linear(linear, w.quantized, b.quantized_stride, rows, out, b.qkv_stride, b.qkv_block);
    } else {
      kernels_.linear(linear, x, b.hidden_stride * 4, rows, out, b.qkv_stride, b.qkv_block);
    }
    out += b.qkv_part(layer_at(layer));
    first = false;
  }
}

// From the context of some rows to their Q, K, V in the next layer.
void Session::finish_chunk(int index, int row, int rows, const Worker& w) {
  Buffers& b = *buffers_;
  const Model& m = *model_;
  const Layer& layer = m.layers[static_cast<size_t>(index)];
  const int hidden = m.config.hidden, neurons = layer.neurons;
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
    kernels_.activate(w.raised, b.raised_stride, rows, neurons, m.config.activation);
    if (layer.down.int8) {
      kernels_.quantize(w.raised, b.raised_stride, rows, neurons, layer.down.input, w.raised_u8,
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
  if (!next) return;
  score_answers(index + 1, out, row, rows);
  project_qkv(index + 1, out, row, rows, w);
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

}  // namespace quantlat
