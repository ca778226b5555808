#include "common/boxed.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <variant>

namespace tally {
namespace {

TEST(Boxed, CopiesAndComparesWhatItHolds) {
  const Boxed<std::string> first = std::string("one");
  Boxed<std::string> second = first;
  EXPECT_EQ(first, second);
  *second = "two";
  EXPECT_EQ(*first, "one");
  EXPECT_NE(first, second);
  second = first;
  EXPECT_EQ(second->size(), 3u);
  EXPECT_NE(&*first, &*second);
}

TEST(Boxed, IsAsGoodAsItsValueInAVariant) {
  struct Large {
    std::array<char, 1000> bytes = {};
  };
  using Value = std::variant<int, Boxed<Large>>;
  static_assert(sizeof(Value) <= 2 * sizeof(void*));
  struct SizeOf {
    size_t operator()(int) const { return sizeof(int); }
    size_t operator()(const Large& large) const { return large.bytes.size(); }
  };
  EXPECT_EQ(std::visit(SizeOf(), Value(Large())), 1000u);
  EXPECT_EQ(std::visit(SizeOf(), Value(1)), sizeof(int));
}

}  // namespace
}  // namespace tally
