#include "attest/evidence.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

TEST(EvidenceKind, NamesAreReadBack) {
  for (const EvidenceKind kind :
       {EvidenceKind::kSnpReport, EvidenceKind::kTdxQuote,
        EvidenceKind::kSgxQuote, EvidenceKind::kNitroDocument,
        EvidenceKind::kCcaToken, EvidenceKind::kTpmQuote,
        EvidenceKind::kAzureSnp, EvidenceKind::kAzureTdx}) {
    EXPECT_EQ(FindEvidenceKind(EvidenceKindName(kind)), kind);
  }
  EXPECT_EQ(FindEvidenceKind("SNP"), std::nullopt);
}

TEST(Evidence, IsNotAuthenticWithoutAnyCheck) {
  EXPECT_FALSE(Evidence().authentic());
}

TEST(Evidence, IsAuthenticUnlessACheckFailed) {
  Evidence evidence;
  evidence.checks = {Passed("report signature", "VCEK"),
                     Unknown("revocation", "no list was given")};
  EXPECT_TRUE(evidence.authentic());
  evidence.checks.push_back(
      CheckOf("chain", MismatchError("found another root"), ""));
  EXPECT_FALSE(evidence.authentic());
  EXPECT_EQ(evidence.checks.back(), Failed("chain", "found another root"));
}

}  // namespace
}  // namespace tally
