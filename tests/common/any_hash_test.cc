#include "common/any_hash.h"

#include <gtest/gtest.h>

#include "common/hash.h"
#include "common/text.h"

namespace tally {
namespace {

// FIPS 180-4's examples for "abc".
TEST(AnyHash, AgreesWithTheStandardsExamples) {
  const ByteSpan abc = AsBytes("abc");
  EXPECT_EQ(Hex(HashWith(HashAlgorithm::kSha1, abc)),
            "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(Hex(HashWith(HashAlgorithm::kSha256, abc)), Sha256(abc).hex());
  EXPECT_EQ(Hex(HashWith(HashAlgorithm::kSha384, abc)), Sha384(abc).hex());
  EXPECT_EQ(Hex(HashWith(HashAlgorithm::kSha512, abc)), Sha512(abc).hex());
}

TEST(AnyHash, NamesAndSizesAreThoseOfTheAlgorithms) {
  for (HashAlgorithm algorithm : kHashAlgorithms) {
    EXPECT_EQ(FindHash(HashName(algorithm)), algorithm);
    EXPECT_EQ(HashWith(algorithm, {}).size(), HashSizeBytes(algorithm));
  }
  EXPECT_EQ(FindHash("SHA256"), std::nullopt);
  EXPECT_EQ(FindHash("sm3"), std::nullopt);
}

TEST(AnyHash, AStreamInPartsIsTheStreamAsAWhole) {
  BanksHasher hasher(kHashAlgorithms);
  for (int round = 0; round < 2; ++round) {
    hasher.Update(AsBytes("one")).Update({}).Update(AsBytes(" two"));
    EXPECT_EQ(hasher.Finish(), HashBanks(kHashAlgorithms, AsBytes("one two")));
  }
}

TEST(AnyDigest, SaysOfWhichAlgorithmItIs) {
  const ByteSpan abc = AsBytes("abc");
  const AnyDigest digest = Sha384(abc);
  EXPECT_EQ(digest.Text(), "sha384:" + Sha384(abc).hex());
  EXPECT_EQ(digest.hex(), Sha384(abc).hex());
  for (const HashAlgorithm algorithm : kHashAlgorithms) {
    const AnyDigest of_algorithm(algorithm, HashWith(algorithm, abc));
    EXPECT_FALSE(of_algorithm.empty());
    EXPECT_EQ(of_algorithm.Text(), std::string(HashName(algorithm)) + ":" +
                                       Hex(HashWith(algorithm, abc)));
    EXPECT_EQ(of_algorithm == digest, algorithm == HashAlgorithm::kSha384);
  }
}

TEST(AnyDigest, CanBeNone) {
  EXPECT_TRUE(AnyDigest().empty());
  EXPECT_EQ(AnyDigest().Text(), "");
  EXPECT_EQ(AnyDigest().hex(), "");
  EXPECT_NE(AnyDigest(), AnyDigest(Sha1Digest()));
}

TEST(AnyDigestDeathTest, HasTheSizeOfItsAlgorithm) {
  EXPECT_DEATH(AnyDigest(HashAlgorithm::kSha256, Bytes(48)), "");
}

}  // namespace
}  // namespace tally
