#include "roofline.h"

#include <time.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <random>

namespace quantlat {
namespace {

// Time that this thread was on a processor: what other processes take is not counted.
double processor_time() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double fastest(int repeats, const std::function<void()>& call) {
  double best = 1e30;
  call();
  for (int i = 0; i < repeats; ++i) {
    const double begin = processor_time();
    call();
    best = std::min(best, processor_time() - begin);
  }
  return best;
}

// Vectors aligned as the kernels want their packed operands.
template <class T>
class Aligned {
 public:
  explicit Aligned(int64_t count)
      : data_(static_cast<T*>(std::aligned_alloc(64, static_cast<size_t>(round_up(count * int64_t{sizeof(T)}, 64))))),
        count_(count) {
    std::memset(data_.get(), 0, static_cast<size_t>(count) * sizeof(T));
  }
  T* get() const { return data_.get(); }
  template <class Draw>
  void fill(Draw&& draw) {
    for (int64_t i = 0; i < count_; ++i) data_.get()[i] = static_cast<T>(draw());
  }

 private:
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };
  std::unique_ptr<T[], Free> data_;
  int64_t count_;
};

struct RandomLinear {
  RandomLinear(int in, int out, std::mt19937& random)
      : weight(round_up(out, 32) * round_up(in, 4)), scale(round_up(out, 32)), bias(round_up(out, 32)),
        step(round_up(in, 32)), start(round_up(out, 32)) {
    weight.fill([&] { return static_cast<uint8_t>(random()); });
    scale.fill([] { return 1e-4f; });
    linear.int8 = true;
    linear.in = in;
    linear.out = out;
    linear.steps = (in + 3) / 4;
    linear.blocks = (out + 31) / 32;
    linear.weight = weight.get();
    linear.scale = scale.get();
    linear.bias = bias.get();
    linear.start = start.get();
    step.fill([] { return 50.0f; });
    linear.input = {step.get(), 128.0f};
  }
  Aligned<uint8_t> weight;
  Aligned<float> scale, bias, step;
  Aligned<int32_t> start;
  PackedLinear linear;
};

#define QL_ROUND_OF_24(OP)                                                                                   \
  OP(8) OP(9) OP(10) OP(11) OP(12) OP(13) OP(14) OP(15) OP(16) OP(17) OP(18) OP(19) OP(20) OP(21) OP(22)     \
      OP(23) OP(24) OP(25) OP(26) OP(27) OP(28) OP(29) OP(30) OP(31)
#define QL_DOT(n) "vpdpbusd %%zmm0, %%zmm1, %%zmm" #n "\n\t"

__attribute__((target("avx512f,avx512vnni"))) void dot_products(int rounds) {
  asm volatile("vpxord %%zmm0, %%zmm0, %%zmm0\n\tvpxord %%zmm1, %%zmm1, %%zmm1" ::: "zmm0", "zmm1");
  for (int i = 0; i < rounds; ++i) {
    asm volatile(QL_ROUND_OF_24(QL_DOT)::
                     : "zmm8", "zmm9", "zmm10", "zmm11", "zmm12", "zmm13", "zmm14", "zmm15", "zmm16", "zmm17", "zmm18",
                       "zmm19", "zmm20", "zmm21", "zmm22", "zmm23", "zmm24", "zmm25", "zmm26", "zmm27", "zmm28",
                       "zmm29", "zmm30", "zmm31");
  }
}

}  // namespace

double measure_int8_peak(const Kernels& kernels) {
  if (std::strcmp(kernels.name, "avx512vnni") != 0) return 0.0;
  constexpr int kRounds = 20000, kRepeats = 100;  // 0.1 ms each
  return 24.0 * 64.0 * kRounds / fastest(kRepeats, [] { dot_products(kRounds); });
}

std::vector<KernelTiming> measure_kernels(const Kernels& k, const RooflineShape& s, int repeats) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  const int64_t rows = s.rows, hidden = s.hidden, raised = s.intermediate;
  const int64_t columns = round_up(rows, 32), head_size = hidden / s.heads;
  const RandomLinear qkv(s.hidden, 3 * s.hidden, random), output(s.hidden, s.hidden, random);
  const RandomLinear up(s.hidden, s.intermediate, random), down(s.intermediate, s.hidden, random);
  Aligned<uint8_t> u8(rows * round_up(std::max(raised, hidden), 64)), u8_out(rows * round_up(raised, 64));
  Aligned<float> f32(rows * round_up(3 * hidden, 32)), residual(rows * round_up(hidden, 32)),
      wide(rows * round_up(raised, 32)), gain(hidden);
  u8.fill([&] { return static_cast<uint8_t>(random()); });
  const int64_t stride = round_up(hidden, 32), u8_stride = round_up(hidden, 64), raised_stride = round_up(raised, 64);
  const auto linear_macs = [&](const RandomLinear& l) {
    return static_cast<double>(rows) * l.linear.in * l.linear.out;
  };
  std::vector<KernelTiming> timings;
  const auto add = [&](const char* name, double macs, const std::function<void()>& call) {
    timings.push_back({name, macs, fastest(repeats, call)});
  };
  add("query, key, value", linear_macs(qkv), [&] {
    k.linear(qkv.linear, u8.get(), u8_stride, s.rows, f32.get(), kColumns, rows * kColumns);
  });
  add("attention output + residual", linear_macs(output), [&] {
    k.linear_residual(output.linear, u8.get(), u8_stride, s.rows, {residual.get(), stride, nullptr}, f32.get(), stride);
  });
  add("up", linear_macs(up), [&] {
    k.linear(up.linear, u8.get(), u8_stride, s.rows, wide.get(), round_up(raised, 32), kColumns);
  });
  add("up + GELU + quantise", linear_macs(up), [&] {
    k.linear_gelu(up.linear, u8.get(), u8_stride, s.rows, down.linear.input, u8_out.get(), raised_stride);
  });
  add("down + residual", linear_macs(down), [&] {
    k.linear_residual(down.linear, u8.get(), raised_stride, s.rows, {residual.get(), stride, nullptr}, f32.get(),
                      stride);
  });
  f32.fill([&] { return normal(random); });
  gain.fill([] { return 1.0f; });
  const LayerNorm norm{gain.get(), gain.get(), 1e-12f};
  add("layer norm + quantise", 0.0, [&] {
    k.layer_norm(f32.get(), stride, s.rows, s.hidden, norm, qkv.linear.input, u8.get(), u8_stride);
  });
  f32.fill([&] { return normal(random); });

  Aligned<float> scores(kScoreRows * columns), row_scale(columns), received(columns);
  Aligned<int16_t> query(columns * round_up(head_size, 32)), key(columns * round_up(head_size, 32));
  Aligned<int16_t> probability(kScoreRows * columns), values(columns * round_up(head_size, 32)),
      probabilities(rows * columns);
  Aligned<float> value_scale(round_up(head_size, 32));
  HeadTask task{};
  task.query = f32.get();
  task.key = task.query + rows * hidden;
  task.value = task.key + rows * hidden;
  task.stride = kColumns;
  task.block_stride = rows * kColumns;
  task.length = s.rows;
  task.head_size = static_cast<int>(head_size);
  task.workspace = {query.get(), key.get(), scores.get(), probability.get()};
  task.packed_value = values.get();
  task.value_scale = value_scale.get();
  task.context_u8 = u8.get();
  task.context_stride = u8_stride;
  task.context_quantizer = output.linear.input;
  const double head_macs = static_cast<double>(rows) * static_cast<double>(rows) * static_cast<double>(head_size);
  add("attention, one head", 2.0 * head_macs, [&] { k.attention_head(task); });
  task.received = received.get();
  task.probabilities = probabilities.get();
  task.row_scale = row_scale.get();
  add("attention with significance, one head, without V", head_macs, [&] { k.attention_head(task); });
  return timings;
}

}  // namespace quantlat
