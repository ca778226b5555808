#include "common/digest.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace tally {
namespace {

using SmallDigest = Digest<struct SmallTag, 4>;
using OtherDigest = Digest<struct OtherTag, 4>;

static_assert(!std::is_convertible_v<SmallDigest, OtherDigest>);
static_assert(!std::is_constructible_v<SmallDigest, OtherDigest>);

TEST(Digest, ReadsBackItsHex) {
  const Result<SmallDigest> digest = SmallDigest::FromHex("00ff10ab");
  ASSERT_TRUE(digest);
  EXPECT_EQ(digest->array(), (std::array<uint8_t, 4>{0x00, 0xff, 0x10, 0xab}));
  EXPECT_EQ(digest->hex(), "00ff10ab");
  EXPECT_EQ(ToBytes(digest->span()), (Bytes{0x00, 0xff, 0x10, 0xab}));
}

TEST(Digest, StartsAsZero) { EXPECT_EQ(SmallDigest().hex(), "00000000"); }

TEST(Digest, IsOrderedByBytes) {
  EXPECT_LT(*SmallDigest::FromHex("7fffffff"),
            *SmallDigest::FromHex("80000000"));
}

TEST(Digest, RejectsEverySecondSpelling) {
  const auto failure = [](std::string_view hex) {
    return SmallDigest::FromHex(hex).error().message();
  };
  EXPECT_EQ(failure("00FF10ab"),
            "found '00FF10ab', expected a digest in lower case");
  EXPECT_EQ(failure("00ff10"), "digest has 3 bytes, expected 4");
  EXPECT_EQ(failure("00ff10ab00"), "digest has 5 bytes, expected 4");
  EXPECT_EQ(failure(""), "digest has 0 bytes, expected 4");
  EXPECT_EQ(failure("00ff10a"), "hex has 7 digits, expected an even number");
  EXPECT_EQ(failure("00ff10a\n"), "found 'a\\x0a' at digit 6, expected hex");
  EXPECT_EQ(failure("0x00ff10"), "found '0x' at digit 0, expected hex");
}

TEST(Digest, FromBytesWantsTheExactSize) {
  EXPECT_TRUE(SmallDigest::FromBytes(Bytes(4)));
  EXPECT_EQ(SmallDigest::FromBytes(Bytes(3)).error().message(),
            "digest has 3 bytes, expected 4");
}

}  // namespace
}  // namespace tally
