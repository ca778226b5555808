// Quotes and collateral that somebody changed: each fails, for the right
// reason.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "attest/dcap.h"
#include "attest/dcap_signature.h"
#include "common/hash.h"
#include "common/text.h"
#include "formats/dcap_quote.h"
#include "tests/support/dcap_vectors.h"
#include "tests/support/make_certificate.h"
#include "tests/support/make_dcap_quote.h"
#include "tests/support/make_pck_extension.h"

namespace tally {
namespace {

using test::DcapFailuresOf;
using test::Files;
using test::kSgxCollateral;
using test::kSgxQuote;
using test::kTdxCollateral;
using test::kTdxQuote;
using test::MustRead;

constexpr const char* kNotByKey =
    "the signature is not by this key over these bytes";

// TdxFailures are those of a TDX quote, or why it is none.
std::string TdxFailures(ByteSpan quote,
                        const std::vector<CollateralFile>& files = {},
                        int64_t at = test::kAtTdx) {
  const auto evidence = AuthenticateTdx(quote, {at, files});
  return evidence ? DcapFailuresOf(*evidence) : evidence.error().message();
}

// With returns the bytes with one bit of the byte at `offset` flipped.
Bytes With(Bytes bytes, size_t offset) {
  bytes.at(offset) ^= 1;
  return bytes;
}

// Replaced returns the file's text with one part changed.
std::vector<CollateralFile> Replaced(const fs::path& path,
                                     const std::string& from,
                                     const std::string& to) {
  std::string text(AsText(MustRead(path)));
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  return {test::File("collateral.json", text)};
}

TEST(DcapTampered, QuoteFailsWhereItWasChanged) {
  TALLY_NEED_VECTOR(path, kTdxQuote);
  const Bytes file = MustRead(path);
  const DcapQuote quote = ParseDcapQuote(file).value();
  EXPECT_EQ(TdxFailures(file), "");
  const size_t data = quote.signature_data_offset;
  const size_t qe = quote.qe_report_offset;
  // Body, signature.
  EXPECT_EQ(TdxFailures(With(file, 48 + 520)),
            std::string("quote signature: ") + kNotByKey + "\n");
  EXPECT_EQ(TdxFailures(With(file, data)),
            std::string("quote signature: ") + kNotByKey + "\n");
  // Attestation key: no longer on the curve, nor in the QE's report.
  EXPECT_EQ(TdxFailures(With(file, data + 64))
                .starts_with("quote signature: the public key is not a point "
                             "on P-256\nattestation key: the QE's report data: "
                             "found "),
            true);
  // The QE's report, its signature, its auth data.
  EXPECT_EQ(TdxFailures(With(file, qe + 64)),
            "QE report signature: the signature is not by the key of 'Intel "
            "SGX PCK Certificate' over these bytes\n");
  EXPECT_EQ(TdxFailures(With(file, qe + 384)),
            "QE report signature: the signature is not by the key of 'Intel "
            "SGX PCK Certificate' over these bytes\n");
  EXPECT_TRUE(
      TdxFailures(With(file, qe + 384 + 64 + 2))
          .starts_with("attestation key: the QE's report data: found "));
  EXPECT_TRUE(
      TdxFailures(With(file, qe + 320 + 40))
          .starts_with("attestation key: the QE's report data: found "));
}

TEST(DcapTampered, CertificatesFail) {
  TALLY_NEED_VECTOR(path, kTdxQuote);
  Bytes file = MustRead(path);
  const DcapQuote quote = ParseDcapQuote(file).value();
  const std::string pem(quote.pck_certificates);
  // A character in the signature of the PCK certificate.
  const size_t end = pem.find("-----END");
  Bytes changed = file;
  uint8_t& character = changed[quote.pck_certificates_offset + end - 10];
  character = character == 'A' ? 'B' : 'A';
  EXPECT_EQ(TdxFailures(changed),
            "PCK certificate chain: certificate 'Intel SGX PCK Certificate' is "
            "not signed by the key of 'Intel SGX PCK Platform CA'\n");
  changed = file;
  changed[quote.pck_certificates_offset + 40] = '!';
  EXPECT_EQ(TdxFailures(changed).substr(0, 17), "PCK certificate: ");
  changed = file;
  changed[quote.pck_certificates_offset + pem.find("\n-----BEGIN")] = 'x';
  EXPECT_EQ(TdxFailures(changed),
            "PCK certificate: found text outside of the PEM certificates\n");
  // At another time.
  EXPECT_EQ(TdxFailures(file, {}, 2000000000),
            "PCK certificate chain: certificate 'Intel SGX PCK Certificate' "
            "expired at 2032-02-06T23:25:51Z, checked at "
            "2033-05-18T03:33:20Z\n");
}

TEST(DcapTampered, CollateralFailsWhereItWasChanged) {
  TALLY_NEED_VECTOR(quote, kTdxQuote);
  TALLY_NEED_VECTOR(collateral, kTdxCollateral);
  const Bytes file = MustRead(quote);
  EXPECT_EQ(TdxFailures(file, Files(collateral)), "");
  EXPECT_EQ(TdxFailures(file, Replaced(collateral, R"(\"pcesvn\":11)",
                                       R"(\"pcesvn\":10)")),
            "TCB info: the signature is not by the key of 'Intel SGX TCB "
            "Signing' over these bytes\n");
  EXPECT_EQ(TdxFailures(file, Replaced(collateral, R"(\"isvprodid\":2)",
                                       R"(\"isvprodid\":3)")),
            "quoting enclave: QE identity: the signature is not by the key of "
            "'Intel SGX TCB Signing' over these bytes\n");
  EXPECT_EQ(TdxFailures(file, Replaced(collateral, R"("root_ca_crl": "3082)",
                                       R"("root_ca_crl": "3182)"))
                .substr(0, 29),
            "collateral: 'collateral.json'");
  EXPECT_EQ(TdxFailures(file, {test::File("x.json", "{")}).substr(0, 28),
            "collateral: 'x.json': JSON: ");
  EXPECT_EQ(TdxFailures(file, {test::File("x.json", R"({"tcbInfo":{}})")}),
            "collateral: 'x.json': signed document: field 'signature' is "
            "missing, expected text\n");
  EXPECT_EQ(TdxFailures(file, {test::File("x.txt",
                                          "-----BEGIN%20CERTIFICATE-----%0g")}),
            "collateral: 'x.txt': found '%0g', expected '%' and two "
            "hexadecimal digits\n");
  EXPECT_EQ(TdxFailures(file, {test::File("x.der", "0\x01")}).substr(0, 19),
            "collateral: 'x.der'");
}

TEST(DcapTampered, CollateralOfAnotherTimeFails) {
  TALLY_NEED_VECTOR(quote, kTdxQuote);
  TALLY_NEED_VECTOR(qvl, kTdxCollateral);
  const std::vector<CollateralFile> files = {
      test::File("tcb.json", "{\"tcbInfo\":" + test::MemberOf(qvl, "tcb_info") +
                                 ",\"signature\":\"" +
                                 test::MemberOf(qvl, "tcb_info_signature") +
                                 "\"}"),
      test::File("qe.json",
                 "{\"enclaveIdentity\":" + test::MemberOf(qvl, "qe_identity") +
                     ",\"signature\":\"" +
                     test::MemberOf(qvl, "qe_identity_signature") + "\"}"),
      test::File("chain.pem", test::MemberOf(qvl, "qe_identity_issuer_chain")),
  };
  const Bytes file = MustRead(quote);
  EXPECT_EQ(TdxFailures(file, files), "");
  EXPECT_EQ(TdxFailures(file, files, 1752921164),
            "quoting enclave: QE identity: found a document for "
            "2025-06-19T10:32:27Z to 2025-07-19T10:32:27Z, expected "
            "2025-07-19T10:32:44Z between them\n"
            "TCB info: found a document for 2025-06-19T10:16:03Z to "
            "2025-07-19T10:16:03Z, expected 2025-07-19T10:32:44Z between "
            "them\n");
  // Without the issuer's certificates nothing is signed.
  const std::vector<CollateralFile> no_chain(files.begin(), files.begin() + 2);
  EXPECT_EQ(TdxFailures(file, no_chain),
            "quoting enclave: QE identity: no certificate 'Intel SGX TCB "
            "Signing' was given\n"
            "TCB info: no certificate 'Intel SGX TCB Signing' was given\n");
}

TEST(DcapTampered, ListsOfAnotherTimeFail) {
  TALLY_NEED_VECTOR(quote, kTdxQuote);
  TALLY_NEED_VECTOR(qvl, kTdxCollateral);
  const std::vector<CollateralFile> files = {
      test::File("crl", test::MemberOf(qvl, "pck_crl"))};
  EXPECT_EQ(TdxFailures(MustRead(quote), files), "");
  const std::string failures =
      TdxFailures(MustRead(quote), files, test::kAtOutdated);
  EXPECT_TRUE(failures.starts_with("PCK certificate chain: ")) << failures;
}

TEST(DcapTampered, CollateralOfAnotherPlatformFails) {
  TALLY_NEED_VECTOR(quote, kTdxQuote);
  TALLY_NEED_VECTOR(collateral, kSgxCollateral);
  EXPECT_EQ(TdxFailures(MustRead(quote), Files(collateral)),
            "TCB info: found SGX, FMSPC 00a067110000, PCEID 0000, expected "
            "TDX, FMSPC b0c06f000000, PCEID 0000\n");
}

TEST(DcapTampered, OnlyTheTcbSigningKeySignsDocuments) {
  // A platform's own key chains to Intel's root as well.
  TALLY_NEED_VECTOR(quote, kTdxQuote);
  TALLY_NEED_VECTOR(qvl, kTdxCollateral);
  const Bytes file = MustRead(quote);
  const DcapQuote parsed = ParseDcapQuote(file).value();
  const std::vector<CollateralFile> files = {
      test::File("tcb.json", "{\"tcbInfo\":" + test::MemberOf(qvl, "tcb_info") +
                                 ",\"signature\":\"" +
                                 test::MemberOf(qvl, "tcb_info_signature") +
                                 "\"}"),
      test::File("chain.pem", std::string(parsed.pck_certificates))};
  EXPECT_EQ(TdxFailures(file, files),
            "TCB info: no certificate 'Intel SGX TCB Signing' was given\n");
}

TEST(DcapTampered, OtherEvidenceIsRefused) {
  TALLY_NEED_VECTOR(tdx, kTdxQuote);
  TALLY_NEED_VECTOR(sgx, kSgxQuote);
  EXPECT_EQ(TdxFailures(MustRead(sgx)),
            "found a quote of an SGX enclave, expected TDX");
  const auto other = AuthenticateSgx(MustRead(tdx), {.at = test::kAtTdx});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message(), "found a quote of a TD, expected SGX");
  EXPECT_EQ(other.error().code(), ErrorCode::kInput);
  EXPECT_FALSE(DescribeSgx(MustRead(tdx)));
  EXPECT_FALSE(DescribeTdx(MustRead(sgx)));
  EXPECT_FALSE(LooksLikeTdxQuote(Bytes()));
  EXPECT_FALSE(LooksLikeSgxQuote(Bytes(64)));
}

// DcapMachine is a platform with keys of our own and Intel's names: everything
// is consistent but the root.
struct DcapMachine {
  test::TestKey root = test::TestKey::P256();
  test::TestKey ca = test::TestKey::P256();
  test::TestKey pck = test::TestKey::P256();
  test::TestKey attestation = test::TestKey::P256();
  std::string pck_name = "Intel SGX PCK Certificate";
  Bytes extension = test::MakePckExtension({});
  test::TestSgxReport qe = {
      .attributes = {0x15},
      .mr_signer = ParseHex("dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf"
                            "6340c82e0e54a8c5")
                       .value(),
      .isv_prod_id = 2};

  std::string Certificates() const {
    const test::TestSigning signing{.hash = "SHA256"};
    const Bytes leaf = test::MakeCertificate(
        {.subject = pck_name,
         .issuer = "Intel SGX PCK Platform CA",
         .extensions =
             extension.empty()
                 ? std::vector<test::TestExtension>{}
                 : std::vector<test::TestExtension>{{"1.2.840.113741.1.13.1",
                                                     false, extension}},
         .signing = signing},
        pck, ca);
    const Bytes issuer =
        test::MakeCertificate({.subject = "Intel SGX PCK Platform CA",
                               .issuer = "Intel SGX Root CA",
                               .ca = true,
                               .key_usage = "critical,keyCertSign",
                               .signing = signing},
                              ca, root);
    const Bytes anchor =
        test::MakeCertificate({.subject = "Intel SGX Root CA",
                               .issuer = "Intel SGX Root CA",
                               .ca = true,
                               .key_usage = "critical,keyCertSign",
                               .signing = signing},
                              root, root);
    return test::Pem("CERTIFICATE", leaf) + test::Pem("CERTIFICATE", issuer) +
           test::Pem("CERTIFICATE", anchor);
  }

  Bytes Quote() const {
    test::TestQuote quote;
    for (size_t i = 64; i < 120; ++i) quote.body[i] = 0;  // the TDX module
    quote.attestation_key = attestation.Point();
    quote.signature = attestation.SignEcdsa(test::SignedPart(quote));
    test::TestSgxReport report = qe;
    report.attributes.resize(16);
    report.report_data = ToBytes(Sha256Hasher()
                                     .Update(quote.attestation_key)
                                     .Update(quote.qe_auth_data)
                                     .Finish()
                                     .span());
    report.report_data.resize(64);
    quote.qe_report = test::MakeSgxReport(report);
    quote.qe_report_signature = pck.SignEcdsa(quote.qe_report);
    quote.certificates = Certificates();
    return test::MakeQuote(quote);
  }
};

// FailuresBesidesTheRoot drops the line that a machine of ours always has.
std::string FailuresBesidesTheRoot(const DcapMachine& machine) {
  const std::string failures = TdxFailures(machine.Quote(), {}, 1'700'000'000);
  const size_t begin = failures.find(
      "PCK certificate chain: certificate "
      "'Intel SGX Root CA' (SHA-256 ");
  EXPECT_NE(begin, std::string::npos) << failures;
  if (begin == std::string::npos) return failures;
  const size_t end = failures.find('\n', begin);
  return failures.substr(0, begin) + failures.substr(end + 1);
}

TEST(DcapForged, AnotherRootFailsAlone) {
  EXPECT_EQ(FailuresBesidesTheRoot(DcapMachine()), "");
}

TEST(DcapForged, QuotingEnclaveMustBeIntels) {
  DcapMachine machine;
  machine.qe.mr_signer[0] = 0;
  EXPECT_EQ(FailuresBesidesTheRoot(machine),
            "quoting enclave: MRSIGNER: found "
            "009e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5, "
            "expected Intel's "
            "dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5"
            "\n");
  machine = DcapMachine();
  machine.qe.isv_prod_id = 1;
  EXPECT_EQ(FailuresBesidesTheRoot(machine),
            "quoting enclave: ISVPRODID: found 1, expected 2\n");
  machine = DcapMachine();
  machine.qe.attributes[0] = 0x17;
  EXPECT_EQ(FailuresBesidesTheRoot(machine),
            "quoting enclave: can be debugged\n");
}

TEST(DcapForged, PckCertificateMustBeOne) {
  DcapMachine machine;
  machine.pck_name = "Intel SGX TCB Signing";
  EXPECT_EQ(FailuresBesidesTheRoot(machine),
            "PCK certificate: found 'Intel SGX TCB Signing' by 'Intel SGX PCK "
            "Platform CA', expected 'Intel SGX PCK Certificate' by Intel's "
            "platform or processor CA\n");
  machine = DcapMachine();
  machine.extension.clear();
  EXPECT_EQ(FailuresBesidesTheRoot(machine),
            "PCK certificate: has no SGX extension\n");
  machine = DcapMachine();
  machine.extension.pop_back();
  EXPECT_EQ(FailuresBesidesTheRoot(machine).substr(0, 31),
            "PCK certificate: pck extension:");
}

// EverySignedBit flips each bit of header and body. What does not change with
// it, the certificates, is not verified again each time.
void EverySignedBit(const Bytes& genuine) {
  const DcapQuote quote = ParseDcapQuote(genuine).value();
  ASSERT_TRUE(VerifyQuoteSignature(quote));
  Bytes file = genuine;
  for (size_t bit = 0; bit < 8 * quote.signed_bytes.size(); ++bit) {
    file[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    const auto changed = ParseDcapQuote(file);
    EXPECT_FALSE(changed && VerifyQuoteSignature(*changed)) << "bit " << bit;
    file[bit / 8] = genuine[bit / 8];
  }
}

TEST(DcapMutation, EverySignedBitOfATdxQuoteCounts) {
  TALLY_NEED_VECTOR(path, kTdxQuote);
  EverySignedBit(MustRead(path));
}

TEST(DcapMutation, EverySignedBitOfAnSgxQuoteCounts) {
  TALLY_NEED_VECTOR(path, kSgxQuote);
  EverySignedBit(MustRead(path));
}

// Whether the quote is authentic with one bit of the byte at `offset` flipped.
bool AuthenticWith(const Bytes& genuine, size_t offset) {
  Bytes file = genuine;
  file[offset] ^= static_cast<uint8_t>(1u << (offset % 8));
  const auto evidence = AuthenticateTdx(file, {.at = test::kAtTdx});
  return evidence && evidence->authentic();
}

TEST(DcapMutation, EveryOtherByteCountsToo) {
  // One bit of each byte of signatures, sizes and the QE's report, and of every
  // seventh of the certificates and the padding behind them.
  TALLY_NEED_VECTOR(path, kTdxQuote);
  const Bytes genuine = MustRead(path);
  const DcapQuote quote = ParseDcapQuote(genuine).value();
  const size_t certificates = quote.pck_certificates_offset;
  for (size_t i = quote.signed_bytes.size(); i < certificates; ++i) {
    EXPECT_FALSE(AuthenticWith(genuine, i)) << HexNumber(i);
  }
  for (size_t i = certificates; i < genuine.size(); i += 7) {
    EXPECT_FALSE(AuthenticWith(genuine, i)) << HexNumber(i);
  }
  // Between two certificates, and the zero behind the last one.
  const size_t begin = quote.pck_certificates.find("\n-----BEGIN");
  EXPECT_FALSE(AuthenticWith(genuine, certificates + begin));
  EXPECT_FALSE(
      AuthenticWith(genuine, certificates + quote.pck_certificates.size()));
}

}  // namespace
}  // namespace tally
