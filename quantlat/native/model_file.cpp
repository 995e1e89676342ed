#include "model_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace quantlat {
namespace {

constexpr char kMagic[9] = "QLENGINE";
constexpr uint32_t kVersion = 4;
constexpr float kMaxAnswerWeight = 8.0f;
constexpr size_t kHeaderBytes = 128;
constexpr size_t kRecordBytes = 16;
constexpr size_t kWidthBytes = 8;
constexpr size_t kSectionAlignment = 64;

struct Bound {
  const char* name;
  int64_t low, high;
};
// In the order of the fields; the same bounds as EncoderConfig's.
constexpr Bound kBounds[12] = {
    {"task", 0, 2},           {"vocabulary", 8, 1000000},  {"hidden", 8, 8192},      {"layers", 1, 96},
    {"heads", 1, 256},        {"intermediate", 8, 65536},  {"max_positions", 8, 32768}, {"types", 0, 64},
    {"position_offset", 0, 16}, {"activation", 0, 2},      {"labels", 1, 100000},    {"pooler_relu", 0, 1},
};

using CrcTables = std::array<std::array<uint32_t, 256>, 8>;

CrcTables make_crc_tables() {
  CrcTables t{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t c = i;
    for (int k = 0; k < 8; ++k) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
    t[0][i] = c;
  }
  for (uint32_t i = 0; i < 256; ++i) {
    for (size_t k = 1; k < 8; ++k) t[k][i] = (t[k - 1][i] >> 8) ^ t[0][t[k - 1][i] & 0xff];
  }
  return t;
}

// CRC-32 as zlib's, eight bytes at a time.
uint32_t crc32(const uint8_t* p, size_t n) {
  static const CrcTables t = make_crc_tables();
  uint32_t c = 0xffffffffu;
  for (; n >= 8; n -= 8, p += 8) {
    uint32_t low, high;
    std::memcpy(&low, p, 4);
    std::memcpy(&high, p + 4, 4);
    low ^= c;
    c = t[7][low & 0xff] ^ t[6][(low >> 8) & 0xff] ^ t[5][(low >> 16) & 0xff] ^ t[4][low >> 24] ^ t[3][high & 0xff] ^
        t[2][(high >> 8) & 0xff] ^ t[1][(high >> 16) & 0xff] ^ t[0][high >> 24];
  }
  for (; n; --n, ++p) c = (c >> 8) ^ t[0][(c ^ *p) & 0xff];
  return ~c;
}

template <class T>
T read_value(const uint8_t* p) {
  T x;
  std::memcpy(&x, p, sizeof x);
  return x;
}

// Walks through the sections; every step is checked against what is left.
class Cursor {
 public:
  Cursor(const uint8_t* bytes, size_t size, size_t at) : bytes_(bytes), size_(size), at_(at) {}

  const uint8_t* take(uint64_t bytes, const std::string& what) {
    at_ = static_cast<size_t>(round_up(static_cast<int64_t>(at_), kSectionAlignment));
    if (at_ > size_ || bytes > size_ - at_) {
      throw ModelFileError("the file ends inside " + what + ": " + std::to_string(bytes) + " bytes expected at " +
                           std::to_string(at_) + ", the file has " + std::to_string(size_));
    }
    const uint8_t* p = bytes_ + at_;
    at_ += bytes;
    return p;
  }

  const float* floats(int64_t count, const std::string& what) {
    const float* p = reinterpret_cast<const float*>(take(static_cast<uint64_t>(count) * 4, what));
    for (int64_t i = 0; i < count; ++i) {
      if (!std::isfinite(p[i])) throw ModelFileError(what + " holds a number that is not finite");
    }
    return p;
  }

  void finish() const {
    if (at_ != size_) {
      throw ModelFileError(std::to_string(size_ - at_) + " bytes follow the last section");
    }
  }

 private:
  const uint8_t* bytes_;
  size_t size_;
  size_t at_;
};

struct Record {
  uint32_t kind;
  int32_t zero_point;
  uint32_t fused;
};

Record read_record(const uint8_t* p, const std::string& what) {
  const Record r{read_value<uint32_t>(p), read_value<int32_t>(p + 4), read_value<uint32_t>(p + 8)};
  if (r.kind > 1 || r.fused > 1) throw ModelFileError(what + " has an unknown kind");
  if (r.kind == 1 && (r.zero_point < 0 || r.zero_point > 255)) {
    throw ModelFileError(what + " has zero point " + std::to_string(r.zero_point) + ", expected 0 to 255");
  }
  return r;
}

PackedLinear read_linear(Cursor& cursor, const Record& record, int in, int out, const std::string& what) {
  PackedLinear l;
  l.int8 = record.kind == 1;
  l.in = in;
  l.out = out;
  l.steps = l.int8 ? (in + 3) / 4 : in;
  l.blocks = (out + kColumns - 1) / kColumns;
  const int64_t columns = static_cast<int64_t>(l.blocks) * kColumns;
  l.weight = cursor.take(static_cast<uint64_t>(columns) * l.steps * 4, what + ".weight");
  if (!l.int8) {
    const float* w = reinterpret_cast<const float*>(l.weight);
    for (int64_t i = 0; i < columns * l.steps; ++i) {
      if (!std::isfinite(w[i])) throw ModelFileError(what + ".weight holds a number that is not finite");
    }
  }
  l.scale = cursor.floats(columns, what + ".scale");
  l.bias = cursor.floats(columns, what + ".bias");
  if (l.int8) {
    l.start = reinterpret_cast<const int32_t*>(cursor.take(static_cast<uint64_t>(columns) * 4, what + ".start"));
    const int64_t inputs = round_up(in, kColumns);
    l.input = {cursor.floats(inputs, what + ".inverse_step"), static_cast<float>(record.zero_point)};
    for (int64_t i = 0; i < in; ++i) {
      if (!(l.input.inverse_step[i] > 0.0f)) throw ModelFileError(what + " has an input step that is not positive");
    }
  }
  return l;
}

EmbeddingTable read_table(Cursor& cursor, int64_t rows, int width, const std::string& what) {
  EmbeddingTable t;
  t.rows = reinterpret_cast<const int8_t*>(cursor.take(static_cast<uint64_t>(rows) * width, what));
  t.scales = cursor.floats(rows, what + ".scale");
  t.count = rows;
  return t;
}

LayerNorm read_norm(Cursor& cursor, int width, float epsilon, const std::string& what) {
  LayerNorm n;
  n.gain = cursor.floats(width, what + ".weight");
  n.bias = cursor.floats(width, what + ".bias");
  n.epsilon = epsilon;
  return n;
}

Config read_config(const uint8_t* header) {
  int32_t v[12];
  std::memcpy(v, header + 24, sizeof v);
  for (int i = 0; i < 12; ++i) {
    if (v[i] < kBounds[i].low || v[i] > kBounds[i].high) {
      throw ModelFileError(std::string("header: ") + kBounds[i].name + " is " + std::to_string(v[i]) +
                           ", expected " + std::to_string(kBounds[i].low) + " to " + std::to_string(kBounds[i].high));
    }
  }
  Config c{static_cast<Task>(v[0]), v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], static_cast<Activation>(v[9]),
           v[10], v[11], read_value<float>(header + 72), read_value<float>(header + 76)};
  if (c.hidden % c.heads) throw ModelFileError("header: hidden size is not a multiple of the number of heads");
  if (c.head_size() > kMaxHeadSize) {
    throw ModelFileError("header: heads are larger than " + std::to_string(kMaxHeadSize));
  }
  if (!(c.epsilon > 0.0f && c.epsilon < 0.1f)) throw ModelFileError("header: epsilon is out of (0, 0.1)");
  const bool answers = c.task == Task::kQuestionAnswering;
  if (!(c.answer_weight >= 0.0f && c.answer_weight <= (answers ? kMaxAnswerWeight : 0.0f))) {
    throw ModelFileError("header: the answer head's weight is out of bounds");
  }
  return c;
}

// Heads and neurons of one layer.
Layer read_widths(const uint8_t* p, const Config& c, const std::string& what) {
  const int32_t heads = read_value<int32_t>(p), neurons = read_value<int32_t>(p + 4);
  if (heads < 1 || heads > c.heads || neurons < 1 || neurons > c.intermediate) {
    throw ModelFileError(what + "has " + std::to_string(heads) + " heads and " + std::to_string(neurons) +
                         " neurons, expected 1 to " + std::to_string(c.heads) + " and 1 to " +
                         std::to_string(c.intermediate));
  }
  Layer layer;
  layer.heads = heads;
  layer.neurons = neurons;
  layer.width = heads * c.head_size();
  return layer;
}

}  // namespace

void Model::read(const uint8_t* bytes, size_t size) {
  if (size < kHeaderBytes || std::memcmp(bytes, kMagic, 8) != 0) {
    throw ModelFileError("not an engine file: it does not start with QLENGINE");
  }
  if (read_value<uint32_t>(bytes + 8) != kVersion) {
    throw ModelFileError("version " + std::to_string(read_value<uint32_t>(bytes + 8)) + "; this engine reads " +
                         std::to_string(kVersion));
  }
  if (read_value<uint64_t>(bytes + 16) != size) {
    throw ModelFileError("the header says " + std::to_string(read_value<uint64_t>(bytes + 16)) +
                         " bytes, the file has " + std::to_string(size));
  }
  if (read_value<uint32_t>(bytes + 12) != crc32(bytes + 16, size - 16)) {
    throw ModelFileError("the checksum does not match: the file is damaged");
  }
  config = read_config(bytes);
  file_bytes = size;
  const Config& c = config;
  const int h = c.hidden;
  const size_t head_linears = c.task == Task::kQuestionAnswering ? 1 : c.task == Task::kEmbedding ? 0 : 2;
  const size_t records = static_cast<size_t>(c.layers) * 6 + head_linears;
  const size_t widths = static_cast<size_t>(c.layers) * kWidthBytes;
  const size_t tables = widths + records * kRecordBytes;
  Cursor start(bytes, size, kHeaderBytes);
  const uint8_t* width = start.take(tables, "the tables of layers and linears");
  const uint8_t* record = width + widths;
  const auto next_record = [&record](const std::string& what) {
    const Record r = read_record(record, what);
    record += kRecordBytes;
    return r;
  };
  Cursor cursor(bytes, size, kHeaderBytes + tables);
  word = read_table(cursor, c.vocabulary, h, "word embeddings");
  position = read_table(cursor, c.max_positions + c.position_offset, h, "position embeddings");
  if (c.types) type = read_table(cursor, c.types, h, "token type embeddings");
  embedding_norm = read_norm(cursor, h, c.epsilon, "embedding norm");
  for (int i = 0; i < c.layers; ++i) {
    const std::string name = "layer " + std::to_string(i) + " ";
    Layer layer = read_widths(width + static_cast<size_t>(i) * kWidthBytes, c, name);
    const int a = layer.width, f = layer.neurons;
    const Record q = next_record(name + "query"), k = next_record(name + "key"), v = next_record(name + "value");
    if (q.fused) {
      if (k.kind != q.kind || v.kind != q.kind) throw ModelFileError(name + "fuses linears of different kinds");
      layer.qkv.push_back(read_linear(cursor, q, h, 3 * a, name + "query, key, value"));
    } else {
      layer.qkv.push_back(read_linear(cursor, q, h, a, name + "query"));
      layer.qkv.push_back(read_linear(cursor, k, h, a, name + "key"));
      layer.qkv.push_back(read_linear(cursor, v, h, a, name + "value"));
    }
    layer.output = read_linear(cursor, next_record(name + "output"), a, h, name + "output");
    layer.attention_norm = read_norm(cursor, h, c.epsilon, name + "attention norm");
    layer.up = read_linear(cursor, next_record(name + "up"), h, f, name + "up");
    layer.down = read_linear(cursor, next_record(name + "down"), f, h, name + "down");
    layer.feed_forward_norm = read_norm(cursor, h, c.epsilon, name + "feed-forward norm");
    layers.push_back(std::move(layer));
  }
  if (c.task == Task::kQuestionAnswering) {
    head.push_back(read_linear(cursor, next_record("QA head"), h, 2, "QA head"));
  } else if (c.task == Task::kTextClassification) {
    head.push_back(read_linear(cursor, next_record("pooler"), h, h, "pooler"));
    head.push_back(read_linear(cursor, next_record("classifier"), h, c.labels, "classifier"));
  }
  if (c.answer_weight > 0.0f) answer_head = cursor.floats(2 * static_cast<int64_t>(h), "the answer head's columns");
  cursor.finish();
}

std::shared_ptr<const Model> Model::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw std::system_error(errno, std::generic_category(), path);
  struct stat status {};
  if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(file);
    throw ModelFileError(path + " is not a regular file");
  }
  if (status.st_size < static_cast<off_t>(kHeaderBytes)) {
    ::close(file);
    throw ModelFileError(path + ": not an engine file: " + std::to_string(status.st_size) + " bytes");
  }
  std::shared_ptr<Model> model(new Model());
  model->mapped_bytes_ = static_cast<size_t>(status.st_size);
  void* mapping = mmap(nullptr, model->mapped_bytes_, PROT_READ, MAP_PRIVATE, file, 0);
  const int error = errno;
  ::close(file);
  if (mapping == MAP_FAILED) throw std::system_error(error, std::generic_category(), path);
  model->mapping_ = mapping;
  model->is_mapped_ = true;
  try {
    model->read(static_cast<const uint8_t*>(mapping), model->mapped_bytes_);
  } catch (const ModelFileError& e) {
    throw ModelFileError(path + ": " + e.what());
  }
  return model;
}

std::shared_ptr<const Model> Model::parse(const uint8_t* bytes, size_t size) {
  std::shared_ptr<Model> model(new Model());
  // Not a byte more than the input, so that a sanitizer sees every step past the end.
  if (posix_memalign(&model->mapping_, kSectionAlignment, size ? size : 1) != 0) throw std::bad_alloc();
  if (size) std::memcpy(model->mapping_, bytes, size);
  model->read(static_cast<const uint8_t*>(model->mapping_), size);
  return model;
}

Model::~Model() {
  if (is_mapped_) {
    munmap(mapping_, mapped_bytes_);
  } else {
    std::free(mapping_);
  }
}

}  // namespace quantlat
