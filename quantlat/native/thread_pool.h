// A few threads that sleep when there is nothing to do.
//
// run() hands out the numbers [0, tasks) one at a time to the caller and the workers, and returns when all are done.
// Tasks are taken, not assigned: when another process takes a core away, the other threads go on with the rest, so one
// delayed thread costs one task and not a share of the whole. Between two run() calls of one inference a worker looks
// for new work for a few microseconds and then parks on a futex; it never spins for longer, and never after the end of
// an inference.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace quantlat {

class ThreadPool {
 public:
  // `threads` counts the caller: 1 starts none.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls body(task, worker) for every task in [0, tasks); worker is in [0, threads()). Not reentrant, one caller at a
  // time. The body must not throw.
  template <class Body>
  void run(int tasks, const Body& body) {
    if (tasks <= 0) return;
    if (tasks == 1 || workers_.empty()) {
      for (int i = 0; i < tasks; ++i) body(i, 0);
      return;
    }
    start(tasks, [](const void* b, int task, int worker) { (*static_cast<const Body*>(b))(task, worker); }, &body);
  }

 private:
  using Call = void (*)(const void* body, int task, int worker);
  void start(int tasks, Call call, const void* body);
  void work(int worker);
  void take_tasks(uint32_t round, int worker);
  void serve(int worker);

  std::vector<std::thread> workers_;
  Call call_ = nullptr;
  const void* body_ = nullptr;
  // The number of the round in the upper half and the next task in the lower: a late worker of an old round cannot
  // take a task of a new one.
  alignas(64) std::atomic<uint64_t> next_{0};
  std::atomic<uint32_t> tasks_{0};
  alignas(64) std::atomic<uint32_t> round_{0};    // futex: workers park here
  std::atomic<uint32_t> parked_{0};
  alignas(64) std::atomic<uint32_t> remaining_{0};  // futex: the caller parks here
  std::atomic<bool> stop_{false};
};

// CPUs this process may use: its affinity mask, limited by the CPU quotas of its cgroups; at least 1. `root` is where
// proc and sys are looked for, for tests.
int available_cpus(const std::string& root);

}  // namespace quantlat
