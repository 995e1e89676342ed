// Work on rows that no other row has a part in: embeddings, and from a layer's context to the next layer's Q, K, V.
//
// Chunks of rows go all the way in one core, so that their activations stay in its L2. Where there are too few rows for
// that, all threads work on the same rows, each on a share of every linear's columns, and wait for each other after each.
#include <utility>

#include "encoder_buffers.h"

namespace quantlat {
namespace {

// `work(row, rows, worker)` for `count` slices of about as many rows.
template <class Work>
void for_slices(ThreadPool& pool, int total, int count, const Work& work) {
  pool.run(count, [&](int task, int worker) {
    const int row = static_cast<int>(static_cast<int64_t>(total) * task / count);
    const int end = static_cast<int>(static_cast<int64_t>(total) * (task + 1) / count);
    if (end > row) work(row, end - row, worker);
  });
}

}  // namespace

// Embeddings of rows as layer 0 wants them.
void Session::embed_rows(const RaggedBatch& batch, int row, int rows, uint8_t* quantized) {
  const Buffers& b = *buffers_;
  const Model& m = *model_;
  const PackedLinear& first = m.layers[0].qkv[0];
  float* x = b.hidden + row * b.hidden_stride;
  kernels_.embed(m.word, m.position, m.type, batch.ids + row, b.positions + row, batch.types + row, rows,
                 m.config.hidden, x, b.hidden_stride);
  kernels_.layer_norm(x, b.hidden_stride, rows, m.config.hidden, m.embedding_norm, first.input,
                      first.int8 ? quantized : nullptr, b.quantized_stride);
  score_answers(0, x, row, rows);
}

void Session::embed(const RaggedBatch& batch) {
  Buffers& b = *buffers_;
  for (int s = 0; s < sequences_; ++s) {
    for (int i = batch.offsets[s]; i < batch.offsets[s + 1]; ++i) {
      b.positions[i] = i - batch.offsets[s] + model_->config.position_offset;
      if (drops_) b.origin[i] = i;
    }
  }
  if (works_together(tokens_, 0)) {
    const Worker& w = workers_[0];
    const int parts = pool_.threads();
    for_slices(pool_, tokens_, parts, [&](int row, int rows, int) {
      embed_rows(batch, row, rows, w.quantized + row * b.quantized_stride);
    });
    pool_.run(parts, [&](int part, int) { project_qkv(0, b.hidden, 0, tokens_, w, {part, parts}); });
    return;
  }
  for_slices(pool_, tokens_, chunks_for(tokens_), [&](int row, int rows, int worker) {
    const Worker& w = workers_[static_cast<size_t>(worker)];
    embed_rows(batch, row, rows, w.quantized);
    project_qkv(0, b.hidden + row * b.hidden_stride, row, rows, w, {});
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
void Session::project_qkv(int layer, const float* x, int row, int rows, const Worker& w, Share share) {
  Buffers& b = *buffers_;
  const Config& c = model_->config;
  float* out = b.qkv + row * b.qkv_stride;
  bool first = true;
  for (const PackedLinear& linear : layer_at(layer).qkv) {
    if (linear.int8 && !first) {
      kernels_.quantize(x, b.hidden_stride, rows, c.hidden, linear.input, w.quantized, b.quantized_stride);
    }
    const PackedLinear some = share_of(linear, share);
    float* columns = out + share.first_block(linear) * b.qkv_block;
    if (linear.int8) {
      kernels_.linear(some, w.quantized, b.quantized_stride, rows, columns, b.qkv_stride, b.qkv_block);
    } else {
      kernels_.linear(some, x, b.hidden_stride * 4, rows, columns, b.qkv_stride, b.qkv_block);
    }
    out += b.qkv_part(layer_at(layer));
    first = false;
  }
}

// The output projection and its residual, into w.middle.
void Session::project_context(int index, int row, int rows, const Worker& w, Share share) {
  const Buffers& b = *buffers_;
  const PackedLinear& output = layer_at(index).output;
  const int column = share.first_column(output);
  const RowView residual = drops_in(index)
                               ? RowView{b.hidden + column, b.hidden_stride, b.kept + row}
                               : RowView{b.hidden + row * b.hidden_stride + column, b.hidden_stride, nullptr};
  kernels_.linear_residual(share_of(output, share), b.context + row * b.context_bytes, b.context_bytes, rows, residual,
                           w.middle + column, b.hidden_stride);
}

// The first linear of the feed-forward and its activation, as the second one wants it.
void Session::raise(int index, int rows, const Worker& w, Share share) {
  const Buffers& b = *buffers_;
  const Layer& layer = layer_at(index);
  const PackedLinear up = share_of(layer.up, share);
  const int column = share.first_column(layer.up);
  const Activation activation = model_->config.activation;
  const Quantizer quantizer = layer.down.int8 ? layer.down.input.from(column) : Quantizer{nullptr, 0.0f};
  uint8_t* levels = w.raised_u8 + column;
  if (layer.up.int8 && layer.down.int8 && activation == Activation::kGelu) {
    kernels_.linear_gelu(up, w.quantized, b.quantized_stride, rows, quantizer, levels, b.raised_stride);
    return;
  }
  const void* x = layer.up.int8 ? static_cast<const void*>(w.quantized) : w.middle;
  const int64_t x_bytes = layer.up.int8 ? b.quantized_stride : b.hidden_stride * 4;
  float* raised = w.raised + column;
  kernels_.linear(up, x, x_bytes, rows, raised, b.raised_stride, kColumns);
  kernels_.activate(raised, b.raised_stride, rows, up.out, activation);
  if (layer.down.int8) kernels_.quantize(raised, b.raised_stride, rows, up.out, quantizer, levels, b.raised_stride);
}

// The second linear of the feed-forward and its residual, into the next layer's rows.
void Session::lower(int index, int row, int rows, const Worker& w, Share share) {
  const Buffers& b = *buffers_;
  const PackedLinear& down = layer_at(index).down;
  const int column = share.first_column(down);
  const void* raised = down.int8 ? static_cast<const void*>(w.raised_u8) : w.raised;
  float* out = b.next_hidden + row * b.hidden_stride + column;
  kernels_.linear_residual(share_of(down, share), raised, b.raised_stride * (down.int8 ? 1 : 4), rows,
                           {w.middle + column, b.hidden_stride, nullptr}, out, b.hidden_stride);
}

// The layer's last LayerNorm, and what the next layer asks of its result.
void Session::finish_norm(int index, int row, int rows, uint8_t* quantized) {
  const Buffers& b = *buffers_;
  const Model& m = *model_;
  float* x = b.next_hidden + row * b.hidden_stride;
  const bool last = index + 1 == m.config.layers;
  const PackedLinear* next = last ? nullptr : &layer_at(index + 1).qkv[0];
  const bool quantize = next && next->int8;
  kernels_.layer_norm(x, b.hidden_stride, rows, m.config.hidden, layer_at(index).feed_forward_norm,
                      quantize ? next->input : Quantizer{nullptr, 0.0f}, quantize ? quantized : nullptr,
                      b.quantized_stride);
  if (next) score_answers(index + 1, x, row, rows);
}

// From the context of some rows to their Q, K, V in the next layer.
void Session::finish_chunk(int index, int row, int rows, const Worker& w) {
  const Buffers& b = *buffers_;
  const Layer& layer = layer_at(index);
  project_context(index, row, rows, w, {});
  kernels_.layer_norm(w.middle, b.hidden_stride, rows, model_->config.hidden, layer.attention_norm, layer.up.input,
                      layer.up.int8 ? w.quantized : nullptr, b.quantized_stride);
  raise(index, rows, w, {});
  lower(index, row, rows, w, {});
  finish_norm(index, row, rows, w.quantized);
  if (index + 1 < model_->config.layers) {
    project_qkv(index + 1, b.next_hidden + row * b.hidden_stride, row, rows, w, {});
  }
}

// The same for all rows of the layer, every step in all threads.
void Session::finish_together(int index, int rows) {
  const Buffers& b = *buffers_;
  const Layer& layer = layer_at(index);
  const Worker& w = workers_[0];
  const int parts = pool_.threads();
  pool_.run(parts, [&](int part, int) { project_context(index, 0, rows, w, {part, parts}); });
  for_slices(pool_, rows, parts, [&](int row, int count, int) {
    kernels_.layer_norm(w.middle + row * b.hidden_stride, b.hidden_stride, count, model_->config.hidden,
                        layer.attention_norm, layer.up.input,
                        layer.up.int8 ? w.quantized + row * b.quantized_stride : nullptr, b.quantized_stride);
  });
  pool_.run(parts, [&](int part, int) { raise(index, rows, w, {part, parts}); });
  pool_.run(parts, [&](int part, int) { lower(index, 0, rows, w, {part, parts}); });
  for_slices(pool_, rows, parts, [&](int row, int count, int) {
    finish_norm(index, row, count, w.quantized + row * b.quantized_stride);
  });
  if (index + 1 == model_->config.layers) return;
  pool_.run(parts, [&](int part, int) { project_qkv(index + 1, b.next_hidden, 0, rows, w, {part, parts}); });
}

void Session::finish_rows(int layer) {
  const int total = begins(layer + 1)[sequences_];
  if (works_together(total, layer + 1)) {
    finish_together(layer, total);
  } else {
    for_slices(pool_, total, chunks_for(total), [&](int row, int rows, int worker) {
      finish_chunk(layer, row, rows, workers_[static_cast<size_t>(worker)]);
    });
  }
  std::swap(buffers_->hidden, buffers_->next_hidden);
}

}  // namespace quantlat
