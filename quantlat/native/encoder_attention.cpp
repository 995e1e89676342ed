// The attention of a layer: heads, the selection of the rows that stay, the product with V for those.
#include <cstring>
#include <utility>

#include "encoder_buffers.h"
#include "selection.h"

namespace quantlat {

uint8_t* Session::context_row(int layer, int sequence) const {
  return buffers_->context + begins(layer + 1)[sequence] * buffers_->context_bytes;
}

void Session::attend_head(int layer, int sequence, int head, const Worker& w) {
  const Buffers& b = *buffers_;
  const Config& c = model_->config;
  const PackedLinear& output = layer_at(layer).output;
  HeadTask t{};
  t.length = rows_of(layer, sequence);
  t.head_size = c.head_size();
  t.stride = b.qkv_stride;
  t.block_stride = b.qkv_block;
  const int64_t first = b.qkv_stride == kColumns ? head * (t.head_size / kColumns) * b.qkv_block : head * t.head_size;
  t.query = b.qkv + begins(layer)[sequence] * b.qkv_stride + first;
  const Layer& at_layer = layer_at(layer);
  t.key = t.query + b.qkv_part(at_layer);
  t.value = t.key + b.qkv_part(at_layer);
  t.workspace = w.head;
  t.value_scale = b.value_scale + (static_cast<int64_t>(sequence) * layer_at(layer).heads + head) * padded_length(t.head_size);
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
  for (int head = 1; head < layer_at(layer).heads; ++head) {
    for (int i = 0; i < rows; ++i) received[i] += received[head * columns + i];
  }
  if (b.answer_logits) {
    weigh_by_answers(received, b.answer_logits + 2 * static_cast<int64_t>(begin), rows, model_->config.answer_weight);
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
  const PackedLinear& output = layer_at(layer).output;
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
  t.value_scale = b.value_scale + (static_cast<int64_t>(sequence) * layer_at(layer).heads + head) * padded_length(t.head_size);
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
  const int heads = layer_at(layer).heads;
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

}  // namespace quantlat
