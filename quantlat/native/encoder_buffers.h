// What a session keeps in its arena while a batch runs. Private to the encoder_*.cpp files.
#pragma once

#include "encoder.h"

namespace quantlat {

// Rows and columns of what the kernels read and write are rounded up to whole blocks.
inline int64_t padded_length(int64_t n) { return round_up(n, kColumns); }

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
  int64_t qkv_part(const Layer& layer) const {  // from Q to K, from K to V
    return qkv_stride == kColumns ? layer.width / kColumns * qkv_block : layer.width;
  }
  uint8_t* context;  // [tokens, context_bytes], u8 or fp32 as the output projection wants it
  int64_t context_bytes;
  int64_t quantized_stride;
  int64_t raised_stride;
  float* restored;   // [tokens, hidden_stride]; null when nothing is dropped
  int32_t* origin;   // [tokens] each row's place in the input; null when nothing is dropped
  int32_t* next_origin;
  int32_t* kept;     // [tokens] row before the drop
  float* answer_logits;  // [tokens, 2] of the rows that enter a layer that drops some; null: attention alone decides
  int32_t* positions;
  float* value_scale;      // [sequences, most heads of a layer, head size rounded up to 32]
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

}  // namespace quantlat
