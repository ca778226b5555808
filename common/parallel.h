// Work on several threads, with results in the order of the work.
#pragma once

#include <cstddef>
#include <functional>

#include "common/result.h"

namespace tally {

// ParallelFor calls `work(i)` once for each i below `count`, on at most
// `max_threads` threads, and waits for all. It returns the error of the lowest
// i that failed; an exception is an IoError.
Status ParallelFor(size_t count, unsigned max_threads,
                   const std::function<Status(size_t)>& work);

}  // namespace tally
