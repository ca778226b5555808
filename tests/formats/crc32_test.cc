#include "formats/crc32.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

TEST(Crc32, MatchesTheCheckValueOfTheCatalogue) {
  // "CRC-32/ISO-HDLC", check value for "123456789", in G. Cook's catalogue of
  // parametrised CRC algorithms.
  EXPECT_EQ(Crc32(AsBytes("123456789")), 0xcbf43926u);
}

TEST(Crc32, OfNothingIsZero) { EXPECT_EQ(Crc32({}), 0u); }

TEST(Crc32, MatchesPython) {
  // zlib.crc32(bytes(range(256)))
  Bytes all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<uint8_t>(i));
  EXPECT_EQ(Crc32(all), 0x29058c73u);
}

TEST(Crc32, OfAStreamIsThatOfTheWholeWhereverItIsCut) {
  Bytes all;
  for (int i = 0; i < 100; ++i) all.push_back(static_cast<uint8_t>(i * 37));
  for (size_t cut = 0; cut <= all.size(); ++cut) {
    Crc32Hasher hasher;
    hasher.Update(ByteSpan(all).first(cut)).Update(ByteSpan(all).subspan(cut));
    EXPECT_EQ(hasher.value(), Crc32(all)) << cut;
  }
}

}  // namespace
}  // namespace tally
