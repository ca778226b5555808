// Attestation keys that a certificate vouches for.
#include <gtest/gtest.h>

#include "tests/attest/tpm_world.h"

namespace tally {
namespace {

using test::MakeCertificate;
using test::MakeRevocationList;
using test::TestCertificate;
using test::TestKey;
using test::TpmWorld;

// ExtKeyUsageSyntax with 2.23.133.8.3, or with that of TLS servers.
const Bytes kAikPurpose = {0x30, 0x07, 0x06, 0x05, 0x67,
                           0x81, 0x05, 0x08, 0x03};
const Bytes kTlsPurpose = {0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06,
                           0x01, 0x05, 0x05, 0x07, 0x03, 0x01};

// CertifiedWorld is a TPM whose maker has a root and a CA.
struct CertifiedWorld {
  TpmWorld tpm = TpmWorld::Ecc(TestKey::P256(), TpmCurve::kNistP256);
  TestKey root_key = TestKey::P384();
  TestKey ca_key = TestKey::P384();
  TestCertificate root = {.subject = "root", .issuer = "root", .ca = true};
  TestCertificate ca = {
      .subject = "ca", .issuer = "root", .serial = 2, .ca = true};
  TestCertificate leaf = {
      .subject = "ak",
      .issuer = "ca",
      .serial = 3,
      .extensions = {{.oid = "2.5.29.37", .value = kAikPurpose}}};

  Bytes Root() const { return MakeCertificate(root, root_key, root_key); }
  Bytes Ca() const { return MakeCertificate(ca, ca_key, root_key); }
  Bytes Leaf() const { return MakeCertificate(leaf, tpm.key, ca_key); }

  CertifiedWorld& Quote() {
    tpm.Quote();
    tpm.evidence.ak_certificates = {Leaf(), Ca()};
    tpm.collateral = {{"root.der", Root()}};
    return *this;
  }
};

TEST(TpmCertificate, ChainsToARootOfTheCollateral) {
  CertifiedWorld world;
  const Evidence evidence = world.Quote().tpm.Check().value();
  EXPECT_TRUE(evidence.authentic());
  EXPECT_EQ(evidence.checks.at(0),
            Passed("attestation key", "certificate 'ak', chain to 'root'"));
  EXPECT_EQ(evidence.checks.at(1),
            Unknown("revocation", "no list was given for ca, root"));
}

TEST(TpmCertificate, MayBeInTheCollateralItself) {
  CertifiedWorld world;
  world.Quote();
  world.tpm.evidence.ak_certificates.clear();
  world.tpm.collateral.push_back({"ak.der", world.Leaf()});
  world.tpm.collateral.push_back({"ca.der", world.Ca()});
  EXPECT_EQ(world.tpm.Verdict(), "authentic");
}

TEST(TpmCertificate, RejectsRootsOfTheEvidence) {
  CertifiedWorld world;
  world.Quote();
  const Bytes root = world.Root();
  world.tpm.evidence.ak_certificates.push_back(root);
  world.tpm.collateral.clear();
  EXPECT_EQ(world.tpm.Verdict(),
            "attestation key: nobody vouches for the P-256 key: certificate "
            "'root' (SHA-256 " +
                Sha256(root).hex() +
                ") names itself as issuer and is not a trusted root\n");
}

TEST(TpmCertificate, RejectsAMissingIssuer) {
  CertifiedWorld world;
  world.Quote();
  world.tpm.evidence.ak_certificates.pop_back();
  EXPECT_EQ(
      world.tpm.Verdict(),
      "attestation key: nobody vouches for the P-256 key: the certificate "
      "of 'ca', which issued certificate 'ak', is missing\n");
}

TEST(TpmCertificate, RejectsAnIntermediateGivenAsRoot) {
  CertifiedWorld world;
  world.Quote();
  world.tpm.collateral = {{"ca.der", world.Ca()}};
  EXPECT_FALSE(world.tpm.Check()->authentic());
}

TEST(TpmCertificate, RejectsACertificateOfAnotherKey) {
  CertifiedWorld world;
  world.Quote();
  world.tpm.evidence.ak_certificates[0] =
      MakeCertificate(world.leaf, TestKey::P256(), world.ca_key);
  EXPECT_EQ(world.tpm.Verdict(),
            "attestation key: nobody vouches for the P-256 key: the collateral "
            "has neither this key nor a root of its certificate\n");
}

TEST(TpmCertificate, RejectsACertificateForAnotherPurpose) {
  CertifiedWorld world;
  const std::string refusal =
      "attestation key: nobody vouches for the P-256 key: certificate 'ak' is "
      "not for a TPM's key (extendedKeyUsage 2.23.133.8.3)\n";
  world.leaf.extensions[0].value = kTlsPurpose;
  EXPECT_EQ(world.Quote().tpm.Verdict(), refusal);
  world.leaf.extensions.clear();
  EXPECT_EQ(world.Quote().tpm.Verdict(), refusal);
}

TEST(TpmCertificate, RejectsExpiredAndRevokedOnes) {
  CertifiedWorld world;
  world.Quote();
  world.tpm.collateral.push_back(
      {"ca.crl",
       MakeRevocationList({.issuer = "ca", .serials = {3}}, world.ca_key)});
  EXPECT_FALSE(world.tpm.Check()->authentic());
  world.Quote();
  world.tpm.at = 1'900'000'001;
  EXPECT_EQ(world.tpm.Verdict(),
            "attestation key: nobody vouches for the P-256 key: certificate "
            "'ak' expired at 2030-03-17T17:46:40Z, checked at "
            "2030-03-17T17:46:41Z\n");
}

TEST(TpmCertificate, RejectsMalformedOnes) {
  CertifiedWorld world;
  world.Quote();
  world.tpm.evidence.ak_certificates[1].pop_back();
  EXPECT_FALSE(world.tpm.Check()->authentic());
}

}  // namespace
}  // namespace tally
