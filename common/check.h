// TALLY_CHECK: for our own bugs only, never for input.
#pragma once

#include <cstdio>
#include <cstdlib>

// TALLY_CHECK(condition) ends the process with file and line if an invariant of
// this program does not hold.
#define TALLY_CHECK(condition)                                            \
  do {                                                                    \
    if (!(condition)) {                                                   \
      std::fprintf(stderr, "tally: bug: %s:%d: %s\n", __FILE__, __LINE__, \
                   #condition);                                           \
      std::abort();                                                       \
    }                                                                     \
  } while (false)
