#include "common/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace tally {
namespace {

Status WithoutExceptions(const std::function<Status(size_t)>& work, size_t i) {
  try {
    return work(i);
  } catch (const std::bad_alloc&) {
    return IoError("out of memory");
  } catch (const std::exception& exception) {
    return IoError(exception.what());
  }
}

}  // namespace

unsigned NumProcessors() {
  return std::max(1u, std::thread::hardware_concurrency());
}

Status ParallelFor(size_t count, unsigned max_threads,
                   const std::function<Status(size_t)>& work) {
  std::vector<Status> results(count);
  std::atomic<size_t> next = 0;
  const auto run = [&] {
    for (size_t i = next++; i < count; i = next++) {
      results[i] = WithoutExceptions(work, i);
    }
  };
  {
    const size_t num_threads = std::min<size_t>(max_threads, count);
    std::vector<std::jthread> threads;
    try {
      for (size_t i = 1; i < num_threads; ++i) threads.emplace_back(run);
    } catch (const std::system_error&) {
      // No more threads to be had: those that run do the work.
    }
    run();
  }
  for (Status& result : results) TALLY_TRY(std::move(result));
  return Ok();
}

}  // namespace tally
