// One block of memory per session, handed out front to back for each batch and grown to the largest batch seen.
//
// The block comes from the kernel and goes back to it when a larger one takes its place. From malloc it would leave a
// hole in the heap at every step: a server's heap grew to 170 MiB that way, for a block of 50.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace quantlat {

class Arena {
 public:
  Arena() = default;
  ~Arena() { release(); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Forgets what was handed out and makes sure that `bytes` can be. The batch's needs are added up by the same code
  // that takes them (see Layout in encoder.cpp), so take() cannot run past the end.
  void reset(size_t bytes) {
    if (bytes > size_) {
      release();
      block_ = map(align(bytes));
      size_ = align(bytes);
    }
    used_ = 0;
  }

  template <class T>
  T* take(size_t count) {
    const size_t at = used_;
    used_ += align(count * sizeof(T));
    return block_ ? reinterpret_cast<T*>(block_ + at) : nullptr;
  }

  // How much take() handed out since reset(); with an empty arena this measures.
  size_t used() const { return used_; }
  size_t size() const { return size_; }

 private:
  static constexpr size_t kAlignment = 64;

#ifdef __SANITIZE_ADDRESS__  // from malloc, so that AddressSanitizer sees who writes past the end
  static uint8_t* map(size_t bytes) {
    void* got = std::aligned_alloc(kAlignment, bytes);
    if (!got) throw std::bad_alloc();
    return static_cast<uint8_t*>(got);
  }
  static void unmap(uint8_t* block, size_t) { std::free(block); }
#else
  static uint8_t* map(size_t bytes) {
    void* got = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (got == MAP_FAILED) throw std::bad_alloc();
    return static_cast<uint8_t*>(got);
  }
  static void unmap(uint8_t* block, size_t bytes) { munmap(block, bytes); }
#endif

  void release() {
    if (block_) unmap(block_, size_);
    block_ = nullptr;
    size_ = 0;
  }

  static size_t align(size_t n) { return (n + kAlignment - 1) / kAlignment * kAlignment; }
  uint8_t* block_ = nullptr;
  size_t size_ = 0;
  size_t used_ = 0;
};

}  // namespace quantlat
