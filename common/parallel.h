// Work on several threads, with results in the order of the work.
#pragma once

#include <cstddef>
#include <functional>

#include "common/result.h"

namespace tally {

// NumProcessors returns how many processors this process may use, at least 1.
unsigned NumProcessors();

// ParallelFor calls `work(i)` once for each i below `count`, on at most
// `max_threads` threads, and waits for all. It returns the error of the lowest
// i that failed; an exception is an IoError.
Status ParallelFor(size_t count, unsigned max_threads,
                   const std::function<Status(size_t)>& work);

}  // namespace tally
