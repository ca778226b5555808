#include "attest/snp.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/text.h"
#include "tests/attest/snp_samples.h"
#include "tests/support/make_event_log.h"

namespace tally {
namespace {

using test::DerInteger;
using test::DerString;
using test::FailuresOf;
using test::SnpMachine;
using test::TestExtension;
using test::TestKey;
using test::TextOf;

TestExtension& ExtensionOf(SnpMachine& machine, std::string_view oid) {
  auto& list = machine.certificate.extensions;
  return *std::ranges::find(list, oid, &TestExtension::oid);
}

void RemoveExtension(SnpMachine& machine, std::string_view oid) {
  std::erase_if(machine.certificate.extensions,
                [&](const TestExtension& e) { return e.oid == oid; });
}

TEST(Snp, AuthenticatesAMilanMachine) {
  const SnpMachine machine = SnpMachine::Milan();
  const Evidence evidence = machine.Authenticate();
  EXPECT_EQ(FailuresOf(evidence), "");
  EXPECT_TRUE(evidence.authentic());
  EXPECT_EQ(evidence.kind, EvidenceKind::kSnpReport);
  EXPECT_EQ(evidence.summary,
            "AMD Milan, VCEK chain to ARK-Milan, TCB bootloader 3 tee 0 snp 8 "
            "microcode 206");
  const std::string chip = Hex(machine.report.chip_id);
  EXPECT_EQ(
      evidence.checks,
      (std::vector<EvidenceCheck>{
          Passed("signing key", "VCEK, the key of the chip"),
          Passed("guest policy", "0x30000"), Passed("author key", "none"),
          Passed("VCEK certificate",
                 "of 'SEV-Milan', good from 2020-09-13T12:26:40Z to "
                 "2030-03-17T17:46:40Z"),
          Passed("certificate chain",
                 "SEV-VCEK, SEV-Milan, ARK-Milan, at 2023-11-14T22:13:20Z"),
          Unknown("revocation", "no list of 'ARK-Milan' was given"),
          Passed("product", "Milan, CPUID family 0x19 model 0x1"),
          Passed("TCB of the certificate",
                 "bootloader 3 tee 0 snp 8 microcode 206"),
          Passed("chip of the certificate", chip),
          Passed("report signature",
                 "ECDSA P-384 with SHA-384, by the VCEK")}));
}

TEST(Snp, SaysWhatPoliciesAskFor) {
  SnpMachine machine = SnpMachine::Milan();
  machine.report.vmpl = 2;
  machine.report.host_data.fill(1);
  machine.report.family_id.fill(2);
  machine.report.image_id.fill(3);
  machine.report.id_key_digest.fill(4);
  machine.report.report_id.fill(6);
  machine.report.report_id_ma.fill(7);
  const Evidence evidence = machine.Authenticate();
  EXPECT_EQ(evidence.registers, (std::vector<AttestedRegister>{
                                    {"launch_digest", "sha384", Bytes(48, 0x5a),
                                     RegisterOrigin::kSigned}}));
  const EvidenceClaims& claims = evidence.claims;
  EXPECT_EQ(claims.debug, false);
  EXPECT_EQ(claims.migration, false);
  EXPECT_EQ(claims.vmpl, 2u);
  EXPECT_EQ(claims.nonce, ToBytes(machine.report.report_data));
  EXPECT_EQ(claims.report_data, claims.nonce);
  EXPECT_EQ(claims.identities, (std::map<std::string, Bytes>{
                                   {"host_data", Bytes(32, 1)},
                                   {"family_id", Bytes(16, 2)},
                                   {"image_id", Bytes(16, 3)},
                                   {"id_key_digest", Bytes(48, 4)},
                                   {"chip_id", ToBytes(machine.report.chip_id)},
                                   {"report_id", Bytes(32, 6)},
                                   {"report_id_ma", Bytes(32, 7)}}));
  EXPECT_EQ(
      claims.tcb,
      (std::vector<TcbComponent>{
          {"bootloader", 3}, {"tee", 0}, {"snp", 8}, {"microcode", 206}}));
  EXPECT_EQ(claims.tcb_status, std::nullopt);

  machine.report.policy = 0x30000 | 1 << 18 | 1 << 19;
  machine.report.author_key_en = true;
  machine.report.author_key_digest.fill(5);
  const Evidence other = machine.Authenticate();
  EXPECT_EQ(FailuresOf(other), "");
  EXPECT_EQ(other.claims.debug, true);
  EXPECT_EQ(other.claims.migration, true);
  EXPECT_EQ(other.claims.identities.at("author_key_digest"), Bytes(48, 5));
}

TEST(Snp, AuthenticatesATurinMachine) {
  SnpMachine machine = SnpMachine::Turin();
  const Evidence evidence = machine.Authenticate();
  EXPECT_EQ(FailuresOf(evidence), "");
  EXPECT_EQ(evidence.summary,
            "AMD Turin, VCEK chain to ARK-Turin, TCB fmc 1 bootloader 2 tee 3 "
            "snp 4 microcode 77");
  EXPECT_EQ(TextOf(evidence, "chip of the certificate"),
            "passed: 4041424344454647");
  EXPECT_EQ(evidence.claims.tcb[0], (TcbComponent{"fmc", 1}));
  // The id has eight bytes; what follows them counts.
  machine.report.chip_id[8] = 1;
  EXPECT_EQ(FailuresOf(machine.Authenticate()),
            "chip of the certificate: the certificate is of chip "
            "4041424344454647, the report of " +
                Hex(machine.report.chip_id));
}

TEST(Snp, AuthenticatesByAVlek) {
  SnpMachine machine = SnpMachine::Vlek();
  const Evidence evidence = machine.Authenticate();
  EXPECT_EQ(FailuresOf(evidence), "");
  EXPECT_EQ(evidence.summary,
            "AMD Milan, VLEK chain to ARK-Milan, TCB bootloader 4 tee 0 snp 24 "
            "microcode 217");
  EXPECT_EQ(TextOf(evidence, "provider of the certificate"),
            "passed: 'CN=cloud.example'");
  EXPECT_EQ(TextOf(evidence, "chip of the certificate"), "no such check");
  // The chip's id is not there, and no claim.
  EXPECT_EQ(evidence.claims.identities.count("chip_id"), 0u);

  machine.certificate.extensions.push_back(
      {.oid = "1.3.6.1.4.1.3704.1.4", .value = Bytes(64, 1)});
  EXPECT_EQ(FailuresOf(machine.Authenticate()),
            "provider of the certificate: the VLEK certificate is of a chip, "
            "expected none");
  RemoveExtension(machine, "1.3.6.1.4.1.3704.1.4");
  RemoveExtension(machine, "1.3.6.1.4.1.3704.1.5");
  EXPECT_EQ(FailuresOf(machine.Authenticate()),
            "provider of the certificate: the VLEK certificate does not say "
            "whose it is");
}

TEST(Snp, AVcekIsNoVlek) {
  SnpMachine machine = SnpMachine::Milan();
  machine.report.signing_key = 1;
  EXPECT_EQ(
      FailuresOf(machine.Authenticate()),
      "VLEK certificate: missing, needed for TCB bootloader 3 tee 0 snp 8 "
      "microcode 206; the cloud provider hands it to its guests");
  machine = SnpMachine::Vlek();
  machine.report.signing_key = 0;
  EXPECT_EQ(FailuresOf(machine.Authenticate()),
            "VCEK certificate: missing, needed for TCB bootloader 4 tee 0 snp "
            "24 microcode 217 and a chip whose id the host masks; the host has "
            "it");
}

TEST(Snp, NamesTheMissingCertificate) {
  const SnpMachine machine = SnpMachine::Milan();
  const std::vector<CollateralFile> all = machine.Collateral();
  const Evidence without_key =
      machine.Authenticate(machine.Signed(), std::span(all).first(1));
  const std::string chip = Hex(machine.report.chip_id);
  EXPECT_EQ(FailuresOf(without_key),
            "VCEK certificate: missing, needed for chip " + chip +
                ", TCB bootloader 3 tee 0 snp 8 microcode 206; AMD has it at "
                "https://kdsintf.amd.com/vcek/v1/Milan/" +
                chip + "?blSPL=3&teeSPL=0&snpSPL=8&ucodeSPL=206");
  EXPECT_EQ(without_key.summary,
            "AMD Milan, not by a proven VCEK, TCB bootloader 3 tee 0 snp 8 "
            "microcode 206");
  EXPECT_EQ(FailuresOf(machine.Authenticate(machine.Signed(),
                                            std::span(all).subspan(1))),
            "certificate chain: the certificate of 'SEV-Milan', which issued "
            "certificate 'SEV-VCEK', is missing; AMD has ASK and ARK at "
            "https://kdsintf.amd.com/vcek/v1/Milan/cert_chain");
  const SnpMachine turin = SnpMachine::Turin();
  EXPECT_EQ(FailuresOf(turin.Authenticate(turin.Signed(), {})),
            "VCEK certificate: missing, needed for chip " +
                Hex(turin.report.chip_id) +
                ", TCB fmc 1 bootloader 2 tee 3 snp 4 microcode 77; AMD has it "
                "at https://kdsintf.amd.com/vcek/v1/Turin/4041424344454647"
                "?fmcSPL=1&blSPL=2&teeSPL=3&snpSPL=4&ucodeSPL=77");
}

TEST(Snp, RejectsTheRootOfAnotherVendorOrProduct) {
  SnpMachine machine = SnpMachine::Milan();
  const std::vector<CollateralFile> collateral = machine.Collateral();
  const auto evidence = AuthenticateSnp(
      machine.Signed(), {.at = machine.at, .collateral = collateral});
  ASSERT_TRUE(evidence);
  const std::string failures = FailuresOf(*evidence);
  EXPECT_TRUE(failures.starts_with(
      "certificate chain: certificate 'ARK-Milan' (SHA-256 "))
      << failures;
  EXPECT_NE(failures.find("names itself as issuer and is not a trusted root"),
            std::string::npos);
  // A root of Genoa vouches for no Milan.
  machine.product = SnpProduct::kGenoa;
  EXPECT_NE(FailuresOf(machine.Authenticate()).find("is not a trusted root"),
            std::string::npos);
}

TEST(Snp, RejectsAnExpiredKey) {
  SnpMachine machine = SnpMachine::Milan();
  machine.at = 1'900'000'001;
  EXPECT_EQ(FailuresOf(machine.Authenticate()),
            "certificate chain: certificate 'SEV-VCEK' expired at "
            "2030-03-17T17:46:40Z, checked at 2030-03-17T17:46:41Z; AMD has "
            "ASK and ARK at https://kdsintf.amd.com/vcek/v1/Milan/cert_chain");
}

TEST(Snp, RejectsAnotherTcb) {
  for (const bool is_turin : {false, true}) {
    SnpMachine machine = is_turin ? SnpMachine::Turin() : SnpMachine::Milan();
    const auto& layout = SnpTcbLayout(machine.product);
    for (size_t i = 0; i < layout.size(); ++i) {
      SnpMachine other = machine;
      other.report.reported_tcb[i] ^= 0x81;
      const std::string name(layout[i].name);
      EXPECT_EQ(FailuresOf(other.Authenticate()),
                "TCB of the certificate: the certificate is for " + name + " " +
                    std::to_string(machine.report.reported_tcb[i]) +
                    ", the report has " +
                    std::to_string(other.report.reported_tcb[i]));
    }
  }
}

TEST(Snp, RejectsCertificatesWithBadTcbExtensions) {
  SnpMachine machine = SnpMachine::Milan();
  const std::string oid = "1.3.6.1.4.1.3704.1.3.8";
  for (const Bytes& bad :
       {Bytes{2, 1, 206}, Bytes{2, 2, 0, 6}, Bytes{2, 0}, Bytes{4, 1, 6},
        Bytes{2, 1, 6, 0}, Bytes{2, 0x81, 1, 6}, Bytes{206}}) {
    ExtensionOf(machine, oid).value = bad;
    EXPECT_EQ(FailuresOf(machine.Authenticate()),
              "TCB of the certificate: the certificate's microcode version is "
              "malformed: " +
                  Hex(bad));
  }
  RemoveExtension(machine, oid);
  EXPECT_EQ(
      FailuresOf(machine.Authenticate()),
      "TCB of the certificate: the certificate does not say its microcode "
      "version (extension 1.3.6.1.4.1.3704.1.3.8)");
}

TEST(Snp, ComparesTheChip) {
  SnpMachine machine = SnpMachine::Milan();
  const std::string oid = "1.3.6.1.4.1.3704.1.4";
  // Older certificates have the id without a header.
  ExtensionOf(machine, oid).value = ToBytes(machine.report.chip_id);
  EXPECT_EQ(FailuresOf(machine.Authenticate()), "");
  const std::string certified = Hex(machine.report.chip_id);
  machine.report.chip_id[63] ^= 1;
  EXPECT_EQ(FailuresOf(machine.Authenticate()),
            "chip of the certificate: the certificate is of chip " + certified +
                ", the report of " + Hex(machine.report.chip_id));
  machine.report.chip_id = {};
  EXPECT_EQ(TextOf(machine.Authenticate(), "chip of the certificate"),
            "unknown: CHIP_ID is masked by the host; the certificate is of " +
                certified);
  RemoveExtension(machine, oid);
  EXPECT_EQ(FailuresOf(machine.Authenticate()),
            "chip of the certificate: the certificate does not say its chip");
}

TEST(Snp, ComparesTheProduct) {
  SnpMachine machine = SnpMachine::Milan();
  machine.report.cpuid.model = 0x11;
  EXPECT_EQ(
      FailuresOf(machine.Authenticate()),
      "product: the certificate is of Milan, CPUID family 0x19 model 0x11 "
      "is Genoa");
  machine.report.cpuid.model = 0x50;
  EXPECT_EQ(FailuresOf(machine.Authenticate()),
            "product: CPUID family 0x19 model 0x50 is not Milan, Genoa or "
            "Turin");
  machine.report.version = 2;
  machine.report.cpuid = {};
  EXPECT_EQ(TextOf(machine.Authenticate(), "product"),
            "passed: Milan, by the certificate; version 2 has no CPUID");
}

TEST(Snp, RejectsACertificateOfNoProduct) {
  SnpMachine machine = SnpMachine::Milan();
  machine.certificate.issuer = "SEV-Rome";
  machine.ask.subject = "SEV-Rome";
  EXPECT_EQ(FailuresOf(machine.Authenticate()),
            "VCEK certificate: its issuer is 'SEV-Rome', expected an ASK of "
            "AMD, such as 'SEV-Milan'");
  machine = SnpMachine::Milan();
  machine.key = TestKey::P256();
  const std::vector<CollateralFile> collateral = machine.Collateral();
  machine.key = TestKey::P384();
  EXPECT_EQ(FailuresOf(machine.Authenticate(machine.Signed(), collateral)),
            "VCEK certificate: its key is not on P-384\n"
            "report signature: signature has numbers of 48 and 48 bytes, "
            "expected 32");
}

TEST(Snp, RejectsWhatKeyInfoSays) {
  SnpMachine machine = SnpMachine::Milan();
  machine.report.mask_chip_key = true;
  EXPECT_EQ(FailuresOf(machine.Authenticate()),
            "signing key: MASK_CHIP_KEY is set: the host lets the firmware "
            "sign nothing");
  machine.report.mask_chip_key = false;
  machine.report.signing_key = 7;
  EXPECT_EQ(FailuresOf(machine.Authenticate()),
            "signing key: none: the report is not signed");
  machine.report.signing_key = 2;
  EXPECT_EQ(FailuresOf(machine.Authenticate()),
            "signing key: found 2, expected 0 (VCEK) or 1 (VLEK)");
  machine.report.signing_key = 0;
  machine.report.author_key_en = true;
  EXPECT_EQ(FailuresOf(machine.Authenticate()),
            "author key: AUTHOR_KEY_EN is set, but AUTHOR_KEY_DIGEST is zero");
  machine.report.author_key_en = false;
  machine.report.author_key_digest[47] = 1;
  EXPECT_EQ(FailuresOf(machine.Authenticate()),
            "author key: AUTHOR_KEY_EN is not set, but AUTHOR_KEY_DIGEST is "
            "not zero");
}

TEST(Snp, RejectsAPolicyThatIsNotKnown) {
  SnpMachine machine = SnpMachine::Milan();
  machine.report.policy |= uint64_t{1} << 40;
  EXPECT_EQ(FailuresOf(machine.Authenticate()),
            "guest policy: guest policy: found 0x10000030000, expected bits 26 "
            "to 63 to be zero");
}

TEST(Snp, RejectsAnotherSignature) {
  SnpMachine machine = SnpMachine::Milan();
  const Bytes signed_report = machine.Signed();
  for (const size_t offset : {0x50u, 0x90u, 0x2a0u, 0x2e8u}) {
    Bytes changed = signed_report;
    changed[offset] ^= 1;
    EXPECT_EQ(
        FailuresOf(machine.Authenticate(changed, machine.Collateral())),
        "report signature: the signature is not by the key of 'SEV-VCEK' over "
        "these bytes");
  }
}

TEST(Snp, TakesTheKeyThatSigned) {
  // The collateral has the same chip's certificates of other times.
  SnpMachine machine = SnpMachine::Milan();
  SnpMachine older = machine;
  older.key = TestKey::P384();
  machine.more = {
      {"a.der", MakeCertificate(older.certificate, older.key, machine.ask_key)},
      {"b.der", MakeCertificate(older.certificate, older.key, older.key)}};
  std::vector<CollateralFile> collateral = machine.Collateral();
  EXPECT_EQ(FailuresOf(machine.Authenticate(machine.Signed(), collateral)), "");
  std::ranges::reverse(collateral);
  EXPECT_EQ(FailuresOf(machine.Authenticate(machine.Signed(), collateral)), "");
}

TEST(Snp, LooksAtRevocationLists) {
  SnpMachine machine = SnpMachine::Milan();
  const auto list = [&](std::vector<int64_t> serials, int64_t next_update) {
    return MakeRevocationList({.issuer = "ARK-Milan",
                               .next_update = next_update,
                               .serials = std::move(serials)},
                              machine.ark_key);
  };
  machine.lists = {list({1}, 1'900'000'000)};
  EXPECT_EQ(TextOf(machine.Authenticate(), "revocation"),
            "passed: the current list of 'ARK-Milan' does not name the ASK");
  machine.lists = {list({65537}, 1'900'000'000)};
  EXPECT_EQ(FailuresOf(machine.Authenticate()),
            "revocation: certificate 'SEV-Milan' with serial number 0x010001 "
            "was revoked by 'ARK-Milan'");
  machine.lists = {list({}, machine.at - 1)};
  EXPECT_EQ(FailuresOf(machine.Authenticate()),
            "revocation: no revocation list of 'ARK-Milan' is current at "
            "2023-11-14T22:13:20Z, the newest is good until "
            "2023-11-14T22:13:19Z");
}

TEST(Snp, FindsCertificatesInTheEvidence) {
  const SnpMachine machine = SnpMachine::Milan();
  const std::vector<CollateralFile> files = machine.Collateral();
  const auto chain = Certificate::FromFile(files[0].bytes).value();
  const Bytes old_list = MakeRevocationList(
      {.issuer = "ARK-Milan", .next_update = machine.at - 1}, machine.ark_key);
  const Bytes table = EncodeSnpCertificateTable(
      {{.kind = SnpCertificateKind::kVcek, .contents = files[1].bytes},
       {.kind = SnpCertificateKind::kAsk, .contents = chain[0].der()},
       {.kind = SnpCertificateKind::kCrl, .contents = old_list},
       {.kind = SnpCertificateKind::kOther,
        .guid = "00112233-4455-6677-8899-aabbccddeeff",
        .contents = AsBytes("other")}});
  Bytes evidence = machine.Signed();
  evidence.insert(evidence.end(), table.begin(), table.end());
  // The root is in the collateral.
  const Evidence result =
      machine.Authenticate(evidence, std::span(files).first(1));
  EXPECT_EQ(FailuresOf(result), "");
  // A host's old list harms nobody.
  EXPECT_EQ(TextOf(result, "collateral"),
            "unknown: ignored certificate table: CRL: the list of 'ARK-Milan' "
            "is not current");
  EXPECT_EQ(TextOf(result, "revocation"),
            "unknown: no list of 'ARK-Milan' was given");
  // The table in a file of its own.
  const std::vector<CollateralFile> blobs = {{"auxblob", table}, files[0]};
  EXPECT_EQ(FailuresOf(machine.Authenticate(machine.Signed(), blobs)), "");
}

TEST(Snp, SaysWhatItIgnored) {
  SnpMachine machine = SnpMachine::Milan();
  machine.more = {
      {"empty", {}},
      {"tcb.json", ToBytes(AsBytes("{}"))},
      {"bad.der", {0x30, 3, 2, 1, 1}},
      {"key.pem", ToBytes(AsBytes(test::Pem("PUBLIC KEY", Bytes{1, 2, 3})))}};
  const Evidence evidence = machine.Authenticate();
  EXPECT_EQ(FailuresOf(evidence), "");
  EXPECT_EQ(evidence.checks[0],
            Unknown("collateral",
                    "ignored 'bad.der': certificate is not well-formed DER"));
  EXPECT_EQ(evidence.checks[1],
            Unknown("collateral",
                    "ignored 'key.pem': found PEM 'PUBLIC KEY', expected "
                    "'CERTIFICATE'"));
}

TEST(Snp, RejectsMalformedEvidence) {
  const SnpMachine machine = SnpMachine::Milan();
  Bytes evidence = machine.Signed();
  const auto refusal = [](ByteSpan bytes) {
    const auto result = AuthenticateSnp(bytes, {});
    return result ? "accepted" : result.error().message();
  };
  EXPECT_EQ(refusal(ByteSpan(evidence).first(1183)),
            "snp report: found 1183 bytes, expected at least 1184");
  EXPECT_TRUE(LooksLikeSnpReport(evidence));
  evidence.insert(evidence.end(), {1, 2, 3});
  EXPECT_EQ(refusal(evidence),
            "snp report: found 3 bytes behind it that are no certificate "
            "table");
  EXPECT_EQ(refusal(test::Joined({machine.Signed(), machine.Signed()})),
            "snp report: found 1184 bytes behind it that are no certificate "
            "table");
  EXPECT_TRUE(LooksLikeSnpReport(evidence));
  evidence[0] = 6;
  EXPECT_FALSE(LooksLikeSnpReport(evidence));
  EXPECT_EQ(refusal(evidence),
            "snp report: version at 0x0: found 6, expected 2 to 5");
  EXPECT_EQ(DescribeSnp(evidence).error().message(),
            "snp report: version at 0x0: found 6, expected 2 to 5");
  // A table that has no end.
  evidence = machine.Signed();
  const Bytes vcek =
      ParseHex("63da758de6644564adc5f4b93be8accd3000000001000000").value();
  evidence.insert(evidence.end(), vcek.begin(), vcek.end());
  EXPECT_EQ(refusal(evidence),
            "snp certificate table: entry at 0x18: needs 24 bytes, 0 left");
}

TEST(Snp, DescribesEveryField) {
  SnpMachine machine = SnpMachine::Turin();
  machine.report.platform_info = 0x1a5;
  machine.report.author_key_en = true;
  Bytes evidence = machine.Signed();
  const Bytes table =
      EncodeSnpCertificateTable({{.kind = SnpCertificateKind::kVcek,
                                  .contents = machine.Collateral()[1].bytes}});
  evidence.insert(evidence.end(), table.begin(), table.end());
  const auto fields = DescribeSnp(evidence).value();
  std::map<std::string, EvidenceField> by_name;
  uint64_t end = 0;
  for (const EvidenceField& field : fields) {
    EXPECT_LE(end, field.offset) << field.name;
    end = field.offset + field.size_bytes;
    by_name[field.name] = field;
  }
  EXPECT_EQ(end, evidence.size());
  EXPECT_EQ(fields.size(), 31u);
  EXPECT_EQ(by_name["POLICY"],
            (EvidenceField{8, 8, "POLICY", "0x30000", "abi=0.0,smt"}));
  EXPECT_EQ(by_name["PLATFORM_INFO"].note,
            "SMT enabled, ECC memory, no aliased addresses, SEV-TIO enabled, "
            "unknown bits 0x100");
  EXPECT_EQ(by_name["KEY_INFO"].note, "signed by the VCEK, author key");
  EXPECT_EQ(by_name["MEASUREMENT"].offset, 0x90u);
  EXPECT_EQ(by_name["REPORTED_TCB"].offset, 0x180u);
  EXPECT_EQ(by_name["REPORTED_TCB"].value, "010203040000004d");
  EXPECT_EQ(by_name["REPORTED_TCB"].note,
            "fmc 1 bootloader 2 tee 3 snp 4 microcode 77");
  EXPECT_EQ(by_name["CPUID_FAM_ID"].note, "Turin");
  EXPECT_EQ(by_name["CHIP_ID"].offset, 0x1a0u);
  EXPECT_EQ(by_name["LAUNCH_MIT_VECTOR"],
            (EvidenceField{0x1f8, 8, "LAUNCH_MIT_VECTOR", "0x3", ""}));
  EXPECT_EQ(by_name["SIGNATURE S"].offset, 0x2e8u);
  EXPECT_EQ(by_name["certificate table / VCEK"].note,
            "'SEV-VCEK' of 'SEV-Turin'");
}

}  // namespace
}  // namespace tally
