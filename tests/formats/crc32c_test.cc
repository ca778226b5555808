#include "formats/crc32c.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

TEST(Crc32c, MatchesTheVectorsOfIscsi) {
  // RFC 3720, appendix B.4: 32 bytes of zeros, of ones, and ascending.
  EXPECT_EQ(~Crc32c(~0u, Bytes(32, 0x00)), 0x8a9136aau);
  EXPECT_EQ(~Crc32c(~0u, Bytes(32, 0xff)), 0x62a8ab43u);
  Bytes ascending;
  for (uint8_t i = 0; i < 32; ++i) ascending.push_back(i);
  EXPECT_EQ(~Crc32c(~0u, ascending), 0x46dd794eu);
}

TEST(Crc32c, ContinuesFromAValue) {
  const ByteSpan text = AsBytes("123456789");
  EXPECT_EQ(Crc32c(Crc32c(~0u, text.first(4)), text.subspan(4)),
            Crc32c(~0u, text));
  EXPECT_EQ(~Crc32c(~0u, text), 0xe3069283u);
}

}  // namespace
}  // namespace tally
