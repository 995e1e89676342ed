// One block of memory per session, handed out front to back for each batch and grown to the largest batch seen.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <new>

namespace quantlat {

class Arena {
 public:
  Arena() = default;
  ~Arena() { std::free(block_); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Forgets what was handed out and makes sure that `bytes` can be. The batch's needs are added up by the same code
  // that takes them (see Layout in encoder.cpp), so take() cannot run past the end.
  void reset(size_t bytes) {
    if (bytes > size_) {
      std::free(block_);
      block_ = nullptr;
      size_ = 0;
      block_ = static_cast<uint8_t*>(std::aligned_alloc(kAlignment, align(bytes)));
      if (!block_) throw std::bad_alloc();
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
  static size_t align(size_t n) { return (n + kAlignment - 1) / kAlignment * kAlignment; }
  uint8_t* block_ = nullptr;
  size_t size_ = 0;
  size_t used_ = 0;
};

}  // namespace quantlat
