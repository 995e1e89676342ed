#include "thread_pool.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

namespace quantlat {
namespace {

constexpr int kLooksBeforeParking = 400;  // some 10 microseconds

void pause_cpu() { __builtin_ia32_pause(); }

void futex_wait(std::atomic<uint32_t>& word, uint32_t expected) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

void futex_wake(std::atomic<uint32_t>& word, int count) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { serve(i); });
}

ThreadPool::~ThreadPool() {
  stop_.store(true);
  round_.fetch_add(1);
  futex_wake(round_, static_cast<int>(workers_.size()));
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::start(int tasks, Call call, const void* body) {
  const uint32_t round = round_.load(std::memory_order_relaxed) + 1;
  // A worker that is late in the old round must not combine its counter with the new number of tasks: first the
  // counter becomes one that nobody can take from.
  next_.store(static_cast<uint64_t>(round) << 32 | 0xffffffffu);
  call_ = call;
  body_ = body;
  tasks_.store(static_cast<uint32_t>(tasks), std::memory_order_release);
  remaining_.store(static_cast<uint32_t>(tasks), std::memory_order_relaxed);
  next_.store(static_cast<uint64_t>(round) << 32, std::memory_order_release);
  round_.store(round);  // sequentially consistent with parked_: either the worker sees the round or we see it park
  if (parked_.load()) futex_wake(round_, std::min(tasks - 1, static_cast<int>(workers_.size())));
  take_tasks(round, 0);
  for (int looks = 0; remaining_.load(std::memory_order_acquire); ++looks) {
    if (looks < kLooksBeforeParking) {
      pause_cpu();
    } else if (const uint32_t left = remaining_.load(std::memory_order_acquire)) {
      futex_wait(remaining_, left);
    }
  }
}

void ThreadPool::take_tasks(uint32_t round, int worker) {
  uint64_t seen = next_.load(std::memory_order_acquire);
  while (true) {
    const uint32_t task = static_cast<uint32_t>(seen);
    if (static_cast<uint32_t>(seen >> 32) != round || task >= tasks_.load(std::memory_order_acquire)) return;
    if (!next_.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel)) continue;
    call_(body_, static_cast<int>(task), worker);
    if (remaining_.fetch_sub(1, std::memory_order_acq_rel) == 1 && worker != 0) futex_wake(remaining_, 1);
    seen = next_.load(std::memory_order_acquire);
  }
}

void ThreadPool::serve(int worker) {
  uint32_t done = 0;
  while (true) {
    int looks = 0;
    uint32_t round = round_.load(std::memory_order_acquire);
    while (round == done) {
      if (++looks > kLooksBeforeParking) {
        parked_.fetch_add(1);
        if (round_.load() == done) futex_wait(round_, done);
        parked_.fetch_sub(1);
      } else {
        pause_cpu();
      }
      round = round_.load(std::memory_order_acquire);
    }
    if (stop_.load()) return;
    done = round;
    take_tasks(round, worker);
  }
}

namespace {

// The least quota of the process's cgroup and those around it, in CPUs; 0 without one. `root` holds proc and sys.
double cgroup_quota(const std::string& root) {
  double least = 0.0;
  const auto consider = [&least](double quota, double period) {
    if (quota > 0.0 && period > 0.0 && (least == 0.0 || quota / period < least)) least = quota / period;
  };
  std::ifstream memberships(root + "/proc/self/cgroup");
  std::string line, group;
  while (std::getline(memberships, line)) {
    if (line.rfind("0::", 0) == 0) group = line.substr(3);  // cgroup v2
  }
  while (true) {
    std::ifstream file(root + "/sys/fs/cgroup" + group + "/cpu.max");
    std::string limit;
    double period = 0.0;
    if (file >> limit >> period && limit != "max") consider(std::strtod(limit.c_str(), nullptr), period);
    const size_t slash = group.rfind('/');
    if (slash == std::string::npos) break;
    group.resize(slash);
  }
  std::ifstream quota_file(root + "/sys/fs/cgroup/cpu/cpu.cfs_quota_us");  // cgroup v1
  std::ifstream period_file(root + "/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  double quota = 0.0, period = 0.0;
  if (quota_file >> quota && period_file >> period) consider(quota, period);
  return least;
}

}  // namespace

int available_cpus(const std::string& root) {
  cpu_set_t set;
  CPU_ZERO(&set);
  int cpus = static_cast<int>(std::thread::hardware_concurrency());
  if (sched_getaffinity(0, sizeof set, &set) == 0) cpus = CPU_COUNT(&set);
  const double quota = cgroup_quota(root);
  if (quota > 0.0) cpus = std::min(cpus, static_cast<int>(quota));
  return std::max(cpus, 1);
}

}  // namespace quantlat
