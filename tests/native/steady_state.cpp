// Counts what a session allocates: prints the allocations of its first batches, then those of the same batches again.
// Needs nothing of Python. Every allocation of the program ends in the malloc family, which is replaced here.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "encoder.h"

static std::atomic<long> allocations{0};

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

void* malloc(size_t n) { return ++allocations, __libc_malloc(n); }
void* calloc(size_t n, size_t size) { return ++allocations, __libc_calloc(n, size); }
void* realloc(void* p, size_t n) { return ++allocations, __libc_realloc(p, n); }
void* aligned_alloc(size_t alignment, size_t n) { return ++allocations, __libc_memalign(alignment, n); }
}

namespace quantlat {
// The portable kernels stand in for the others: the session around them is the same, and this compiles quickly.
Kernels portable_kernels();
Kernels avx512vnni_kernels() { return portable_kernels(); }
Kernels avxvnni_kernels() { return portable_kernels(); }
Kernels avx2_kernels() { return portable_kernels(); }
}  // namespace quantlat

namespace {

// Sequences of 40, 3 and 17 tokens; then a short batch; each at full length and with tokens dropped.
void run_all(quantlat::Session& session, std::vector<float>& logits, std::vector<int32_t>& left) {
  static const std::vector<int32_t> ids(60, 7), types(60, 0);
  static const int32_t offsets[] = {0, 40, 43, 60}, lengths[] = {30, 10, 2, 2, 17, 5};
  for (const int sequences : {3, 1}) {
    session.run({ids.data(), types.data(), offsets, nullptr, sequences}, logits.data(), nullptr);
    session.run({ids.data(), types.data(), offsets, lengths, sequences}, logits.data(), left.data());
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  quantlat::Session session(quantlat::Model::open(arguments[1]), 2, "portable");
  std::vector<float> logits(120);
  std::vector<int32_t> left(60);
  const auto counted = [&] {
    const long before = allocations.load();
    run_all(session, logits, left);
    return allocations.load() - before;
  };
  const long first = counted(), again = counted() + counted() + counted();
  std::printf("%ld %ld\n", first, again);
}
