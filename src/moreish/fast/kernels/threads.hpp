// Threads for large batches: they live as long as one call, and work on one rule at a time.
//
// A rule is cut along rows or columns of what it writes, never along a sum: numbers are the same for any count.
#pragma once
#include <atomic>
#include <thread>

#include "vectors.hpp"

class Team {
public:
  explicit Team(i64 threads) : size(threads < MOST ? threads : MOST) {
    for (i64 i = 1; i < size; i++) others[i] = std::thread([this, i] { work(i); });
  }
  Team(const Team &) = delete;
  Team &operator=(const Team &) = delete;
  ~Team() {
    task = nullptr;
    begun.fetch_add(1, std::memory_order_release);
    for (i64 i = 1; i < size; i++) others[i].join();
  }

  // f(begin, end) for stretches of [0, n), in multiples of `unit`, one for each thread.
  template <class F> void run(i64 n, i64 unit, F &f) {
    const i64 units = (n + unit - 1) / unit;
    stretch = (units + size - 1) / size * unit;
    count = n;
    of_task = &f;
    task = [](void *of, i64 begin, i64 end) { (*(F *)of)(begin, end); };
    busy.store(size - 1, std::memory_order_relaxed);
    begun.fetch_add(1, std::memory_order_release);
    part(0);
    wait([this] { return busy.load(std::memory_order_acquire) == 0; });
  }

private:
  static constexpr i64 MOST = 64;
  const i64 size;
  std::thread others[MOST];
  std::atomic<i64> begun{0}, busy{0};
  void (*task)(void *, i64, i64) = nullptr;
  void *of_task = nullptr;
  i64 stretch = 0, count = 0;

  void part(i64 i) {
    const i64 begin = i * stretch, end = begin + stretch < count ? begin + stretch : count;
    if (begin < end) task(of_task, begin, end);
  }
  void work(i64 i) {
    for (i64 seen = 0;; seen++) {
      wait([this, seen] { return begun.load(std::memory_order_acquire) != seen; });
      if (!task) return;
      part(i);
      busy.fetch_sub(1, std::memory_order_release);
    }
  }
  // A while in a loop, then after whoever else wants the processor.
  template <class F> static void wait(F done) {
    for (i64 i = 0; !done(); i++)
      if (i > 1000) std::this_thread::yield();
  }
};

constexpr i64 WORTH = 16384;  // multiplications or so, below which a thread costs more than it saves

// f(begin, end) for all of [0, n), shared out where there is a team and each of n is so much work.
template <class F> INLINE void shared(Team *team, i64 n, i64 unit, i64 work, F f) {
  if (team && n * work >= 2 * WORTH) team->run(n, unit, f);
  else if (n > 0) f((i64)0, n);
}

// As `each`, shared out.
template <class T, class F> INLINE void each_shared(Team *team, i64 n, i64 work, F f) {
  shared(team, n, LANES<T>, work, [&](i64 begin, i64 end) {
    each<T>(end - begin, [&](i64 i, auto lanes) { f(begin + i, lanes); });
  });
}
