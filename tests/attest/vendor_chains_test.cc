// The certificates that vendors really use.
#include <gtest/gtest.h>

#include <string>

#include "attest/certificate.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

constexpr int64_t kNewYear2025 = 1'735'689'600;  // 2025-01-01

std::vector<Certificate> Read(const fs::path& path) {
  auto certificates = Certificate::FromFile(test::MustRead(path));
  EXPECT_TRUE(certificates) << path << certificates.error().ToString();
  return std::move(certificates).value();
}

std::string ChainVerdict(const Certificate& leaf,
                         const std::vector<Certificate>& others, int64_t at) {
  const Sha256Digest roots[] = {others.back().sha256()};
  const auto chain = VerifyChain(leaf, others, {.roots = roots, .at = at});
  if (!chain) return chain.error().ToString();
  std::string names;
  for (const Certificate& certificate : chain->certificates) {
    names += certificate.subject() + ", ";
  }
  return names;
}

TEST(VendorChains, AmdMilanAndTurin) {
  TALLY_NEED_VECTOR(milan, "snp/virtee-sev/vcek_milan.der");
  TALLY_NEED_VECTOR(milan_chain, "snp/virtee-sev/cert_chain_milan");
  TALLY_NEED_VECTOR(turin, "snp/virtee-sev/vcek_turin.der");
  TALLY_NEED_VECTOR(turin_chain, "snp/virtee-sev/cert_chain_turin");
  EXPECT_EQ(ChainVerdict(Read(milan)[0], Read(milan_chain), kNewYear2025),
            "SEV-VCEK, SEV-Milan, ARK-Milan, ");
  EXPECT_EQ(ChainVerdict(Read(turin)[0], Read(turin_chain), kNewYear2025),
            "SEV-VCEK, SEV-Turin, ARK-Turin, ");
  EXPECT_EQ(ChainVerdict(Read(milan)[0], Read(turin_chain), kNewYear2025),
            "the certificate of 'SEV-Milan', which issued certificate "
            "'SEV-VCEK', is missing");
}

TEST(VendorChains, AmdVlek) {
  TALLY_NEED_VECTOR(vlek, "snp-reports/trustee/test-vlek.der");
  TALLY_NEED_VECTOR(chain, "snp-reports/go-sev-guest/ask_ark_milan_vlek.pem");
  EXPECT_EQ(ChainVerdict(Read(vlek)[0], Read(chain), kNewYear2025),
            "SEV-VLEK, SEV-VLEK-Milan, ARK-Milan, ");
}

TEST(VendorChains, AmdCertificatesWithOtherContentsAreRefused) {
  TALLY_NEED_VECTOR(directory, "snp-reports/trustee");
  TALLY_NEED_VECTOR(chain, "snp-reports/go-sev-guest/ask_ark_milan.pem");
  for (const char* name :
       {"test-vcek-invalid-legacy.der", "test-vcek-invalid-new.der"}) {
    EXPECT_EQ(
        ChainVerdict(Read(directory / name)[0], Read(chain), kNewYear2025),
        "certificate 'SEV-VCEK' is not signed by the key of "
        "'SEV-Milan'");
  }
}

}  // namespace
}  // namespace tally
