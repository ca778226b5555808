#include "attest/certificate_cache.h"

#include <gtest/gtest.h>

#include "common/parallel.h"
#include "tests/attest/snp_samples.h"
#include "tests/support/make_certificate.h"

namespace tally {
namespace {

using test::TestKey;

TEST(CertificateCache, ReturnsWhatTheFileHolds) {
  const TestKey key = TestKey::P384();
  const Bytes first = test::MakeCertificate({}, key, key);
  const Bytes second = test::MakeCertificate({.serial = 7}, key, key);
  CertificateCache cache;
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(cache.FromFile(first)->at(0).der(), first);
    EXPECT_EQ(cache.FromFile(second)->at(0).der(), second);
  }
}

TEST(CertificateCache, SaysTwiceWhyAFileIsNone) {
  CertificateCache cache;
  const Bytes bad = {0x30, 0x00};
  const std::string why = Certificate::FromFile(bad).error().message();
  EXPECT_EQ(cache.FromFile(bad).error().message(), why);
  EXPECT_EQ(cache.FromFile(bad).error().message(), why);
}

TEST(CertificateCache, ChangesNoVerdict) {
  const test::SnpMachine machine = test::SnpMachine::Milan();
  const Bytes report = machine.Signed();
  const std::vector<CollateralFile> collateral = machine.Collateral();
  const auto plain =
      AuthenticateSnp(report, {.at = machine.at, .collateral = collateral});
  ASSERT_TRUE(plain);
  CertificateCache cache;
  const Status same = ParallelFor(8, 2, [&](size_t) -> Status {
    const auto cached = AuthenticateSnp(
        report,
        {.at = machine.at, .collateral = collateral, .certificates = &cache});
    if (cached && cached->checks == plain->checks) return Ok();
    return MismatchError("another verdict");
  });
  EXPECT_TRUE(same);
}

}  // namespace
}  // namespace tally
