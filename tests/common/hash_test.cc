// Vectors: FIPS 180 examples as published by NIST's Cryptographic Standards and
// Guidelines, "Example Algorithms: SHA-256, SHA-384, SHA-512"; RFC 4231 for
// HMAC.
#include "common/hash.h"

#include <gtest/gtest.h>

#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kTwoBlocks =
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
constexpr std::string_view kTwoLongBlocks =
    "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
    "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";

TEST(Sha256, MatchesFips180) {
  EXPECT_EQ(Sha256({}).hex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256(AsBytes("abc")).hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256(AsBytes(kTwoBlocks)).hex(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256(Bytes(1000000, 'a')).hex(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha384, MatchesFips180) {
  EXPECT_EQ(Sha384(AsBytes("abc")).hex(),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
            "8086072ba1e7cc2358baeca134c825a7");
  EXPECT_EQ(Sha384(AsBytes(kTwoLongBlocks)).hex(),
            "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712"
            "fcc7c71a557e2db966c3e9fa91746039");
}

TEST(Sha512, MatchesFips180) {
  EXPECT_EQ(Sha512(AsBytes("abc")).hex(),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  EXPECT_EQ(Sha512(AsBytes(kTwoLongBlocks)).hex(),
            "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
            "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909");
}

TEST(HmacSha256, MatchesRfc4231) {
  // Section 4.2, test case 1.
  EXPECT_EQ(HmacSha256(Bytes(20, 0x0b), AsBytes("Hi There")).hex(),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  // Section 4.3, test case 2: a key shorter than the output.
  EXPECT_EQ(HmacSha256(AsBytes("Jefe"), AsBytes("what do ya want for nothing?"))
                .hex(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  // Section 4.4, test case 3.
  EXPECT_EQ(HmacSha256(Bytes(20, 0xaa), Bytes(50, 0xdd)).hex(),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  // Section 4.7, test case 6: a key longer than the block.
  EXPECT_EQ(
      HmacSha256(
          Bytes(131, 0xaa),
          AsBytes("Test Using Larger Than Block-Size Key - Hash Key First"))
          .hex(),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, OfNothingUnderAnEmptyKey) {
  // python3: hmac.new(b"", b"", "sha256").hexdigest()
  EXPECT_EQ(HmacSha256({}, {}).hex(),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Hasher, IsIndependentOfHowTheStreamIsCut) {
  const ByteSpan all = AsBytes(kTwoLongBlocks);
  for (size_t cut = 0; cut <= all.size(); ++cut) {
    Sha256Hasher hasher;
    hasher.Update(all.first(cut)).Update({}).Update(all.subspan(cut));
    EXPECT_EQ(hasher.Finish(), Sha256(all)) << cut;
  }
}

TEST(Hasher, StartsAgainAfterFinish) {
  Sha384Hasher hasher;
  hasher.Update(AsBytes("before")).Finish();
  EXPECT_EQ(hasher.Update(AsBytes("abc")).Finish(), Sha384(AsBytes("abc")));
  EXPECT_EQ(hasher.Finish(), Sha384({}));
}

TEST(Hasher, CloneContinuesOnItsOwn) {
  Sha512Hasher prefix;
  prefix.Update(AsBytes("ab"));
  Sha512Hasher clone = prefix.Clone();
  EXPECT_EQ(clone.Update(AsBytes("c")).Finish(), Sha512(AsBytes("abc")));
  EXPECT_EQ(prefix.Finish(), Sha512(AsBytes("ab")));
}

TEST(HashSink, HashesAndCounts) {
  HashSink sink;
  ASSERT_TRUE(sink.Append(AsBytes("a")));
  ASSERT_TRUE(sink.Append(AsBytes("bc")));
  EXPECT_EQ(sink.size_bytes(), 3u);
  EXPECT_EQ(sink.Finish(), Sha256(AsBytes("abc")));
}

}  // namespace
}  // namespace tally
