#include <gtest/gtest.h>

#include <string>

#include "attest/certificate.h"
#include "tests/support/make_certificate.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::MakeCertificate;
using test::MakeRevocationList;
using test::TestCertificate;
using test::TestKey;
using test::TestRevocationList;

constexpr int64_t kIn2023 = 1'700'000'000;  // 2023-11-14T22:13:20Z

// World is a root, a CA, a leaf and their keys, each of which a test can change
// before it asks for the verdict.
struct World {
  TestKey root_key = TestKey::P384();
  TestKey ca_key = TestKey::P384();
  TestKey leaf_key = TestKey::P256();
  TestCertificate root = {.subject = "root", .issuer = "root", .ca = true};
  TestCertificate ca = {
      .subject = "ca", .issuer = "root", .serial = 2, .ca = true};
  TestCertificate leaf = {.subject = "leaf", .issuer = "ca", .serial = 3};
  std::vector<Bytes> more;
  std::vector<Bytes> lists;
  int64_t at = kIn2023;

  Result<VerifiedChain> Verify() const {
    const auto parse = [](ByteSpan der) {
      return Certificate::FromDer(der).value();
    };
    const Certificate root_certificate =
        parse(MakeCertificate(root, root_key, root_key));
    std::vector<Certificate> others = {
        root_certificate, parse(MakeCertificate(ca, ca_key, root_key))};
    for (const Bytes& der : more) others.push_back(parse(der));
    std::vector<RevocationList> revocations;
    for (const Bytes& der : lists) {
      TALLY_ASSIGN(RevocationList list, RevocationList::FromDer(der));
      revocations.push_back(list);
    }
    const Sha256Digest trusted[] = {root_certificate.sha256()};
    return VerifyChain(
        parse(MakeCertificate(leaf, leaf_key, ca_key)), others,
        {.roots = trusted, .at = at, .revocations = revocations});
  }

  std::string Verdict() const {
    const auto chain = Verify();
    return chain ? "verified" : chain.error().ToString();
  }
};

TEST(CertificateChain, GoesFromTheLeafToTheRoot) {
  const auto chain = World().Verify();
  ASSERT_TRUE(chain) << chain.error().ToString();
  ASSERT_EQ(chain->certificates.size(), 3u);
  EXPECT_EQ(chain->certificates[0].subject(), "leaf");
  EXPECT_EQ(chain->certificates[1].subject(), "ca");
  EXPECT_EQ(chain->certificates[2].subject(), "root");
  EXPECT_EQ(chain->without_revocations,
            (std::vector<std::string>{"ca", "root"}));
}

TEST(CertificateChain, IsTheRootAloneIfThatIsTheLeaf) {
  const TestKey key = TestKey::P384();
  const Certificate root =
      Certificate::FromDer(MakeCertificate({.subject = "root"}, key, key))
          .value();
  const Sha256Digest trusted[] = {root.sha256()};
  const auto chain = VerifyChain(root, {}, {.roots = trusted, .at = kIn2023});
  ASSERT_TRUE(chain);
  EXPECT_EQ(chain->certificates.size(), 1u);
}

TEST(CertificateChain, HoldsFromTheFirstSecondToTheLast) {
  World world;
  world.ca.not_before = 1'650'000'000;
  world.leaf.not_after = 1'800'000'000;
  world.at = 1'650'000'000;
  EXPECT_EQ(world.Verdict(), "verified");
  world.at = 1'649'999'999;
  EXPECT_EQ(world.Verdict(),
            "certificate 'ca' is not valid before 2022-04-15T05:20:00Z, "
            "checked at 2022-04-15T05:19:59Z");
  world.at = 1'800'000'000;
  EXPECT_EQ(world.Verdict(), "verified");
  world.at = 1'800'000'001;
  EXPECT_EQ(world.Verdict(),
            "certificate 'leaf' expired at 2027-01-15T08:00:00Z, checked at "
            "2027-01-15T08:00:01Z");
}

TEST(CertificateChain, RejectsAnExpiredRoot) {
  World world;
  world.root.not_after = kIn2023 - 1;
  EXPECT_EQ(world.Verdict(),
            "certificate 'root' expired at 2023-11-14T22:13:19Z, checked at "
            "2023-11-14T22:13:20Z");
}

TEST(CertificateChain, RejectsAnIssuerThatIsNotACa) {
  World world;
  world.ca.ca = false;
  EXPECT_EQ(world.Verdict(),
            "certificate 'ca' is not a CA (basicConstraints), but issued "
            "another");
  world.ca.ca = std::nullopt;
  EXPECT_EQ(world.Verdict(),
            "certificate 'ca' is not a CA (basicConstraints), but issued "
            "another");
  world.ca.ca = true;
  world.ca.key_usage = "critical,digitalSignature";
  EXPECT_EQ(world.Verdict(),
            "certificate 'ca' may not sign certificates (keyUsage)");
  world.ca.key_usage = "critical,keyCertSign";
  EXPECT_EQ(world.Verdict(), "verified");
}

TEST(CertificateChain, RejectsAPathThatIsTooLong) {
  World world;
  world.ca.path_length = 0;
  world.root.path_length = 1;
  EXPECT_EQ(world.Verdict(), "verified");
  world.root.path_length = 0;
  EXPECT_EQ(world.Verdict(),
            "certificate 'root' allows 0 CAs below it (pathLenConstraint), "
            "found 1");
}

TEST(CertificateChain, RejectsAMissingIssuer) {
  World world;
  world.leaf.issuer = "other";
  EXPECT_EQ(world.Verdict(),
            "the certificate of 'other', which issued certificate 'leaf', is "
            "missing");
}

TEST(CertificateChain, RejectsAnotherRoot) {
  // Same names, another key.
  World world;
  const TestKey key = TestKey::P384();
  const Bytes other_root = MakeCertificate(world.root, key, key);
  const Bytes ca = MakeCertificate(world.ca, world.ca_key, key);
  const Bytes leaf = MakeCertificate(world.leaf, world.leaf_key, world.ca_key);
  const Sha256Digest trusted[] = {Sha256(AsBytes("the root"))};
  const std::vector<Certificate> others = {
      Certificate::FromDer(other_root).value(),
      Certificate::FromDer(ca).value()};
  EXPECT_EQ(VerifyChain(Certificate::FromDer(leaf).value(), others,
                        {.roots = trusted, .at = kIn2023})
                .error()
                .message(),
            "certificate 'root' (SHA-256 " + Sha256(other_root).hex() +
                ") names itself as issuer and is not a trusted root");
}

TEST(CertificateChain, RejectsASignatureByAnotherKey) {
  World world;
  world.leaf.issuer = "root";  // but signed by the CA's key
  EXPECT_EQ(world.Verdict(),
            "certificate 'leaf' is not signed by the key of 'root'");
}

TEST(CertificateChain, TakesTheIssuerThatSigned) {
  // Two more CAs of the same name: one with another key, one that expired.
  World world;
  TestCertificate expired = world.ca;
  expired.not_after = kIn2023 - 1;
  world.more = {MakeCertificate(world.ca, TestKey::P384(), world.root_key),
                MakeCertificate(expired, world.ca_key, world.root_key)};
  EXPECT_EQ(world.Verdict(), "verified");
}

TEST(CertificateChain, RejectsWeakKeys) {
  World world;
  const std::string text =
      " has another key, expected RSA of 2048, 3072 or 4096 bits, or ECDSA on "
      "P-256 or P-384";
  world.ca_key = TestKey::Rsa(1024);
  EXPECT_EQ(world.Verdict(), "certificate 'ca'" + text);
  world.ca_key = TestKey::P384();
  world.leaf_key = TestKey::Rsa(1024);
  EXPECT_EQ(world.Verdict(), "certificate 'leaf'" + text);
  world.leaf_key = TestKey::Curve("P-521");
  EXPECT_EQ(world.Verdict(), "certificate 'leaf'" + text);
}

TEST(CertificateChain, AcceptsRsaWithShaTwo) {
  World world;
  world.ca_key = TestKey::Rsa(2048);
  for (const char* hash : {"SHA256", "SHA384", "SHA512"}) {
    for (const bool pss : {true, false}) {
      world.leaf.signing = {.hash = hash, .pss = pss};
      EXPECT_EQ(world.Verdict(), "verified") << hash << pss;
    }
  }
}

TEST(CertificateChain, RejectsOtherSignatureAlgorithms) {
  World world;
  const auto text = [](const std::string& found) {
    return "certificate 'leaf' is signed with '" + found +
           "', expected RSA (PKCS #1, or PSS with a salt of the hash's size) "
           "or ECDSA with SHA-256 or more, as the issuer's key has it";
  };
  world.leaf.signing = {.hash = "SHA1"};
  EXPECT_EQ(world.Verdict(), text("ecdsa-with-SHA1"));
  world.leaf.signing = {.hash = "SHA224"};
  EXPECT_EQ(world.Verdict(), text("ecdsa-with-SHA224"));
  world.ca_key = TestKey::Rsa(2048);
  world.leaf.signing = {.hash = "SHA1"};
  EXPECT_EQ(world.Verdict(), text("RSA-SHA1"));
  world.leaf.signing = {.hash = "SHA1", .pss = true};
  EXPECT_EQ(world.Verdict(), text("RSASSA-PSS"));
  world.leaf.signing = {.hash = "SHA256", .pss = true, .pss_salt_bytes = 20};
  EXPECT_EQ(world.Verdict(), text("RSASSA-PSS"));
  world.leaf.signing = {.hash = "SHA256", .pss = true, .mgf_hash = "SHA1"};
  EXPECT_EQ(world.Verdict(), text("RSASSA-PSS"));
}

TEST(CertificateChain, RejectsUnknownCriticalExtensions) {
  World world;
  world.leaf.extensions = {{.oid = "1.2.3", .value = {5, 0}}};
  EXPECT_EQ(world.Verdict(), "verified");
  // Name constraints.
  world.ca.extensions = {
      {.oid = "2.5.29.30", .critical = true, .value = {0x30, 0}}};
  EXPECT_EQ(world.Verdict(),
            "certificate 'ca' has critical extension 2.5.29.30, which is not "
            "known");
}

TEST(CertificateChain, RejectsOldVersions) {
  World world;
  world.leaf.version = 1;
  EXPECT_EQ(world.Verdict(), "certificate 'leaf' has version 1, expected 3");
}

TEST(CertificateChain, EndsWhereCertificatesGoInACircle) {
  World world;
  world.ca.issuer = "loop";
  const TestKey loop_key = TestKey::P384();
  world.leaf.issuer = "a";
  const TestKey& b_key = world.root_key;
  world.more = {MakeCertificate({.subject = "a", .issuer = "b", .ca = true},
                                world.ca_key, b_key),
                MakeCertificate({.subject = "b", .issuer = "a", .ca = true},
                                b_key, world.ca_key)};
  EXPECT_EQ(world.Verdict(),
            "the certificate of 'a', which issued certificate 'b', is missing");
}

TEST(CertificateChain, HasSixCertificatesAtMost) {
  World world;
  const TestKey key = world.ca_key;
  world.leaf.issuer = "ca 1";
  const auto link = [&](int i, const std::string& issuer) {
    return MakeCertificate({.subject = "ca " + std::to_string(i),
                            .issuer = issuer,
                            .serial = i,
                            .ca = true},
                           key, key);
  };
  // leaf, ca 1 to 3, ca, root
  world.more = {link(1, "ca 2"), link(2, "ca 3"), link(3, "ca")};
  EXPECT_EQ(world.Verdict(), "verified");
  world.more = {link(1, "ca 2"), link(2, "ca 3"), link(3, "ca 4"),
                link(4, "ca")};
  EXPECT_EQ(world.Verdict(),
            "no trusted root within 6 certificates of certificate 'leaf'");
}

TEST(CertificateChain, RejectsTooManyCertificates) {
  World world;
  for (int i = 0; i < 31; ++i) {
    world.more.push_back(
        MakeCertificate(world.ca, world.ca_key, world.root_key));
  }
  EXPECT_EQ(world.Verdict(), "found 33 certificates, expected at most 32");
}

TEST(Revocation, IsCheckedAgainstTheListsOfTheIssuer) {
  World world;
  world.lists = {
      MakeRevocationList({.issuer = "root", .serials = {7}}, world.root_key)};
  auto chain = world.Verify();
  ASSERT_TRUE(chain) << chain.error().ToString();
  EXPECT_EQ(chain->without_revocations, (std::vector<std::string>{"ca"}));
  world.lists.push_back(
      MakeRevocationList({.issuer = "ca", .serials = {2}}, world.ca_key));
  chain = world.Verify();
  ASSERT_TRUE(chain) << chain.error().ToString();
  EXPECT_EQ(chain->without_revocations, std::vector<std::string>{});
}

TEST(Revocation, AcceptsListsSignedWithRsaPss) {
  // As AMD's are.
  World world;
  world.root_key = TestKey::Rsa(2048);
  world.ca.signing = {.hash = "SHA384", .pss = true};
  world.lists = {MakeRevocationList(
      {.issuer = "root", .serials = {7}, .signing = {.pss = true}},
      world.root_key)};
  EXPECT_EQ(world.Verdict(), "verified");
  world.lists = {MakeRevocationList(
      {.issuer = "root", .serials = {2}, .signing = {.pss = true}},
      world.root_key)};
  EXPECT_EQ(world.Verdict(),
            "certificate 'ca' with serial number 0x02 was revoked by 'root'");
}

TEST(Revocation, RejectsARevokedCertificate) {
  World world;
  world.lists = {MakeRevocationList({.issuer = "root", .serials = {1, 2}},
                                    world.root_key)};
  EXPECT_EQ(world.Verdict(),
            "certificate 'ca' with serial number 0x02 was revoked by 'root'");
  world.lists = {
      MakeRevocationList({.issuer = "ca", .serials = {3}}, world.ca_key)};
  EXPECT_EQ(world.Verdict(),
            "certificate 'leaf' with serial number 0x03 was revoked by 'ca'");
}

TEST(Revocation, NeedsOneListThatIsCurrent) {
  World world;
  const Bytes old = MakeRevocationList(
      {.issuer = "root", .next_update = kIn2023 - 1}, world.root_key);
  const Bytes early = MakeRevocationList(
      {.issuer = "root", .this_update = kIn2023 + 1}, world.root_key);
  const Bytes good = MakeRevocationList({.issuer = "root"}, world.root_key);
  world.lists = {old};
  EXPECT_EQ(world.Verdict(),
            "no revocation list of 'root' is current at 2023-11-14T22:13:20Z, "
            "the newest is good until 2023-11-14T22:13:19Z");
  world.lists = {early};
  EXPECT_EQ(world.Verdict(),
            "no revocation list of 'root' is current at 2023-11-14T22:13:20Z, "
            "the newest is good until 2030-03-17T17:46:40Z");
  world.lists = {old, good, early};
  EXPECT_EQ(world.Verdict(), "verified");
  // What an old list says against a certificate still counts.
  world.lists = {
      good, MakeRevocationList(
                {.issuer = "root", .next_update = kIn2023 - 1, .serials = {2}},
                world.root_key)};
  EXPECT_EQ(world.Verdict(),
            "certificate 'ca' with serial number 0x02 was revoked by 'root'");
}

TEST(Revocation, RejectsListsThatAreBadlySigned) {
  World world;
  world.lists = {MakeRevocationList({.issuer = "root"}, TestKey::P384())};
  EXPECT_EQ(world.Verdict(),
            "revocation list of 'root' is not signed by the key of 'root'");
  world.lists = {MakeRevocationList(
      {.issuer = "root", .signing = {.hash = "SHA1"}}, world.root_key)};
  EXPECT_EQ(world.Verdict(),
            "revocation list of 'root' is signed with 'ecdsa-with-SHA1', "
            "expected RSA (PKCS #1, or PSS with a salt of the hash's size) or "
            "ECDSA with SHA-256 or more, as the issuer's key has it");
  world.root.key_usage = "critical,keyCertSign";
  world.lists = {MakeRevocationList({.issuer = "root"}, world.root_key)};
  EXPECT_EQ(world.Verdict(),
            "revocation list of 'root': its issuer may not sign lists "
            "(keyUsage)");
}

TEST(RevocationList, RejectsWhatIsNotOneWholeList) {
  const TestKey key = TestKey::P384();
  const auto refusal = [](ByteSpan bytes) {
    const auto list = RevocationList::FromFile(bytes);
    return list ? "accepted" : list.error().ToString();
  };
  Bytes der = MakeRevocationList({.serials = {1}}, key);
  EXPECT_EQ(refusal(der), "accepted");
  EXPECT_EQ(refusal(AsBytes(test::Pem("X509 CRL", der))), "accepted");
  EXPECT_EQ(refusal(AsBytes(test::Pem("CERTIFICATE", der))),
            "found PEM 'CERTIFICATE', expected 'X509 CRL'");
  EXPECT_EQ(refusal(ByteSpan(der).first(40)),
            "revocation list is not well-formed DER");
  der.push_back(0);
  EXPECT_EQ(refusal(der), "revocation list has 1 trailing bytes");
  EXPECT_EQ(refusal(Bytes((4 << 20) + 1)),
            "revocation list has 4194305 bytes, expected at most 4194304");
  EXPECT_EQ(refusal(MakeRevocationList({.next_update = std::nullopt}, key)),
            "revocation list of 'root' has no good thisUpdate and nextUpdate");
  // A reason may be critical.
  EXPECT_EQ(refusal(MakeRevocationList(
                {.serials = {1},
                 .entry_extensions = {{.oid = "2.5.29.21",
                                       .critical = true,
                                       .value = {0x0a, 1, 1}}}},
                key)),
            "accepted");
  // issuingDistributionPoint, and an entry of another issuer.
  EXPECT_EQ(refusal(MakeRevocationList(
                {.extensions = {{.oid = "2.5.29.28",
                                 .critical = true,
                                 .value = {0x30, 3, 0x81, 1, 0xff}}}},
                key)),
            "revocation list has critical extension 2.5.29.28, which is not "
            "known");
  EXPECT_EQ(
      refusal(MakeRevocationList({.serials = {1},
                                  .entry_extensions = {{.oid = "2.5.29.29",
                                                        .critical = true,
                                                        .value = {0x30, 0}}}},
                                 key)),
      "revocation list has critical extension 2.5.29.29, which is not "
      "known");
}

}  // namespace
}  // namespace tally
