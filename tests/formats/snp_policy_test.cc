#include "formats/snp_policy.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

std::string PolicyRefusal(std::string_view text) {
  const Result<uint64_t> policy = ParseSnpPolicy(text);
  if (policy) return "accepted";
  std::string all = policy.error().ToString();
  for (const std::string& hint : policy.error().hints()) {
    all += "\nhint: " + hint;
  }
  return all;
}

TEST(SnpPolicy, OfThePeersIsSmtAlone) {
  EXPECT_EQ(ParseSnpPolicy("0x30000").value(), kDefaultSnpPolicy);
  EXPECT_EQ(ParseSnpPolicy("196608").value(), kDefaultSnpPolicy);
  EXPECT_EQ(ParseSnpPolicy("smt").value(), kDefaultSnpPolicy);
  EXPECT_EQ(SnpPolicyNames(kDefaultSnpPolicy), "abi=0.0,smt");
}

TEST(SnpPolicy, HasANameForEachBit) {
  EXPECT_EQ(ParseSnpPolicy("abi=1.51").value(), 0x20133u);
  EXPECT_EQ(ParseSnpPolicy("migrate-ma").value(), 0x60000u);
  EXPECT_EQ(ParseSnpPolicy("debug").value(), 0xa0000u);
  EXPECT_EQ(ParseSnpPolicy("single-socket").value(), 0x120000u);
  EXPECT_EQ(ParseSnpPolicy("cxl-allow").value(), 0x220000u);
  EXPECT_EQ(ParseSnpPolicy("mem-aes-256-xts").value(), 0x420000u);
  EXPECT_EQ(ParseSnpPolicy("rapl-dis").value(), 0x820000u);
  EXPECT_EQ(ParseSnpPolicy("ciphertext-hiding-dram").value(), 0x1020000u);
  EXPECT_EQ(ParseSnpPolicy("page-swap-disable").value(), 0x2020000u);
}

TEST(SnpPolicy, NamesAndNumberSayTheSame) {
  for (uint64_t bits = 0; bits < 0x400; ++bits) {
    const uint64_t policy = (bits << 16 | 0x20000) + bits % 7 * 0x101;
    EXPECT_EQ(ParseSnpPolicy(SnpPolicyNames(policy)).value(), policy);
  }
}

TEST(SnpPolicy, RejectsABitThatMustBeOneOrZero) {
  EXPECT_EQ(PolicyRefusal("0x10000"),
            "guest policy: found 0x10000, expected bit 17 to be one\n"
            "hint: the firmware refuses others; did you mean 0x30000?");
  EXPECT_EQ(PolicyRefusal("0x4020000"),
            "guest policy: found 0x4020000, expected bits 26 to 63 to be zero");
  EXPECT_EQ(PolicyRefusal("0x8000000000020000"),
            "guest policy: found 0x8000000000020000, expected bits 26 to 63 to "
            "be zero");
}

TEST(SnpPolicy, RejectsUnknownAndRepeatedNames) {
  EXPECT_EQ(PolicyRefusal("smt,debgu"),
            "guest policy: unknown name 'debgu'\nhint: did you mean 'debug'?");
  EXPECT_EQ(PolicyRefusal(""),
            "guest policy: unknown name ''\nhint: known names: abi=, smt, "
            "migrate-ma, debug, single-socket, cxl-allow, mem-aes-256-xts, "
            "rapl-dis, ciphertext-hiding-dram, page-swap-disable");
  EXPECT_EQ(PolicyRefusal("smt,smt"), "guest policy: 'smt' is there twice");
  EXPECT_EQ(PolicyRefusal("abi=1.2,abi=1.3"),
            "guest policy: 'abi' is there twice");
  for (const char* abi : {"1", "1.256", "1.2.3", "a.b", "1."}) {
    EXPECT_EQ(PolicyRefusal("abi=" + std::string(abi)),
              "guest policy: abi is '" + std::string(abi) +
                  "', expected two numbers up to 255, as in '1.51'");
  }
}

}  // namespace
}  // namespace tally
