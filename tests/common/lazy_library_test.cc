#include "common/lazy_library.h"

#include <gtest/gtest.h>
#include <stdio.h>
#include <stdlib.h>

namespace tally {
namespace {

TEST(LazyLibrary, CallsTheFunctionItNames) {
  static constinit const LazyFunction<int (*)(const char*)> lazy_atoi(
      "libc.so.6", "atoi");
  EXPECT_EQ(lazy_atoi("17"), 17);
  EXPECT_EQ(lazy_atoi("18"), 18);
}

TEST(LazyLibrary, PassesVariableArguments) {
  static constinit const LazyFunction<int (*)(char*, size_t, const char*, ...)>
      lazy_snprintf("libc.so.6", "snprintf");
  char text[16] = {};
  EXPECT_EQ(lazy_snprintf(text, sizeof text, "%d %s", 7, "seven"), 7);
  EXPECT_STREQ(text, "7 seven");
}

TEST(LazyLibraryDeathTest, EndsTheProcessWithoutTheLibrary) {
  EXPECT_EXIT(FindInLibrary("libtally-absent.so.1", "atoi"),
              testing::ExitedWithCode(4),
              "^tally: error: cannot load a library: libtally-absent.so.1: "
              "cannot open shared object file: No such file or directory\n$");
}

TEST(LazyLibraryDeathTest, EndsTheProcessWithoutTheFunction) {
  EXPECT_EXIT(FindInLibrary("libm.so.6", "no_such_function"),
              testing::ExitedWithCode(4),
              "^tally: error: cannot load a library: .*libm.so.6: undefined "
              "symbol: no_such_function\n$");
}

}  // namespace
}  // namespace tally
