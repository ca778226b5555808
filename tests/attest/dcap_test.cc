// Genuine quotes of published test data at the dates of their collateral.
#include "attest/dcap.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/text.h"
#include "tests/support/dcap_vectors.h"

namespace tally {
namespace {

using test::DcapChecksOf;
using test::DcapFailuresOf;
using test::Files;
using test::kSgxCollateral;
using test::kSgxQuote;
using test::kTdxCollateral;
using test::kTdxQuote;
using test::MustRead;

constexpr const char* kOutdatedCollateral =
    "tdx/dcap-qvl/tdx_quote_outdated_collateral.json";

std::string ValueOf(const std::vector<EvidenceField>& fields,
                    const std::string& name) {
  for (const EvidenceField& field : fields) {
    if (field.name == name) {
      return HexNumber(field.offset) + " " + field.value +
             (field.note.empty() ? "" : " # " + field.note);
    }
  }
  return "no " + name;
}

// Encoded is text as the service has it in headers.
std::string Encoded(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '+' || c == '/' || c == '=') {
      out += "%" + Hex(AsBytes(std::string_view(&c, 1)));
    } else {
      out += c;
    }
  }
  return out;
}

TEST(Dcap, TdxQuoteIsUpToDate) {
  TALLY_NEED_VECTOR(quote, kTdxQuote);
  TALLY_NEED_VECTOR(collateral, kTdxCollateral);
  const auto files = Files(collateral);
  const auto evidence = AuthenticateTdx(MustRead(quote), {test::kAtTdx, files});
  ASSERT_TRUE(evidence) << evidence.error().ToString();
  EXPECT_TRUE(evidence->authentic());
  EXPECT_EQ(DcapChecksOf(*evidence),
            "quote signature: passed: by the attestation key, over header and "
            "body\n"
            "attestation key: passed: is in the quoting enclave's report\n"
            "QE report signature: passed: by the PCK certificate's key\n"
            "PCK certificate chain: passed: Intel SGX PCK Platform CA, Intel "
            "SGX Root CA\n"
            "PCK certificate: passed: FMSPC b0c06f000000, PCEID 0000, PCESVN "
            "11, CPUSVN 03030202040100050000000000000000\n"
            "revocation: passed: no certificate of the chain is revoked\n"
            "quoting enclave: passed: as in the QE identity of "
            "2025-06-19T10:32:27Z, ISVSVN 6: UpToDate\n"
            "TCB info: passed: of 2025-06-19T10:16:03Z, evaluation data number "
            "17\n"
            "TDX module: passed: Intel's, version 1, ISVSVN 6\n"
            "TCB status: passed: UpToDate\n");
  EXPECT_EQ(evidence->kind, EvidenceKind::kTdxQuote);
  EXPECT_EQ(evidence->summary,
            "Intel TDX quote, version 4, FMSPC b0c06f000000, TCB UpToDate");
  const EvidenceClaims& claims = evidence->claims;
  EXPECT_EQ(claims.tcb_status, "UpToDate");
  EXPECT_TRUE(claims.advisories.empty());
  EXPECT_EQ(claims.debug, false);
  EXPECT_EQ(claims.migration, false);
  EXPECT_EQ(claims.nonce, claims.report_data);
  EXPECT_EQ(claims.report_data->size(), 64u);
  EXPECT_EQ(Hex(claims.identities.at("td_attributes")), "0000001000000000");
  EXPECT_EQ(Hex(claims.identities.at("fmspc")), "b0c06f000000");
  ASSERT_EQ(evidence->registers.size(), 5u);
  EXPECT_EQ(evidence->registers[0].name, "mrtd");
  EXPECT_EQ(evidence->registers[0].algorithm, "sha384");
  EXPECT_EQ(Hex(evidence->registers[0].value).substr(0, 16),
            "91eb2b44d141d4ec");
  EXPECT_EQ(evidence->registers[4].name, "rtmr3");
}

TEST(Dcap, SgxQuoteNeedsConfigurationAndHardening) {
  TALLY_NEED_VECTOR(quote, kSgxQuote);
  TALLY_NEED_VECTOR(collateral, kSgxCollateral);
  const auto files = Files(collateral);
  const auto evidence = AuthenticateSgx(MustRead(quote), {test::kAtSgx, files});
  ASSERT_TRUE(evidence) << evidence.error().ToString();
  EXPECT_TRUE(evidence->authentic());
  EXPECT_EQ(DcapChecksOf(*evidence),
            "quote signature: passed: by the attestation key, over header and "
            "body\n"
            "attestation key: passed: is in the quoting enclave's report\n"
            "QE report signature: passed: by the PCK certificate's key\n"
            "PCK certificate chain: passed: Intel SGX PCK Processor CA, Intel "
            "SGX Root CA\n"
            "PCK certificate: passed: FMSPC 00a067110000, PCEID 0000, PCESVN "
            "13, CPUSVN 0b0b0202ff0100000000000000000000\n"
            "revocation: passed: no certificate of the chain is revoked\n"
            "quoting enclave: passed: as in the QE identity of "
            "2025-06-19T10:01:18Z, ISVSVN 10: UpToDate\n"
            "TCB info: passed: of 2025-06-19T10:56:11Z, evaluation data number "
            "17\n"
            "TCB status: passed: ConfigurationAndSWHardeningNeeded "
            "(INTEL-SA-00289, INTEL-SA-00615): genuine but not current, a "
            "policy decides\n");
  const EvidenceClaims& claims = evidence->claims;
  EXPECT_EQ(claims.tcb_status, "ConfigurationAndSWHardeningNeeded");
  EXPECT_EQ(claims.advisories,
            (std::vector<std::string>{"INTEL-SA-00289", "INTEL-SA-00615"}));
  EXPECT_EQ(claims.debug, false);
  EXPECT_FALSE(claims.migration);
  EXPECT_EQ(Hex(claims.identities.at("isvprodid")), "0000");
  ASSERT_EQ(evidence->registers.size(), 2u);
  EXPECT_EQ(evidence->registers[0].name, "mrenclave");
  EXPECT_EQ(evidence->registers[0].algorithm, "sha256");
  EXPECT_EQ(Hex(evidence->registers[0].value).substr(0, 24),
            "33d8736db756ed4997e04ba3");
  EXPECT_EQ(evidence->registers[1].name, "mrsigner");
}

TEST(Dcap, TdxQuoteBelowEveryLevelFails) {
  // dcap-qvl says "No matching TCB level found" unless its test overrides the
  // levels: SEAMLDR's component is 3, every level has 5.
  TALLY_NEED_VECTOR(quote, "tdx/dcap-qvl/tdx_quote_outdated");
  TALLY_NEED_VECTOR(collateral, kOutdatedCollateral);
  const auto files = Files(collateral);
  const auto evidence =
      AuthenticateTdx(MustRead(quote), {test::kAtOutdated, files});
  ASSERT_TRUE(evidence) << evidence.error().ToString();
  EXPECT_EQ(DcapFailuresOf(*evidence),
            "TCB status: the platform is below every level of the TCB info\n");
  EXPECT_EQ(evidence->claims.tcb_status, "unknown");
  EXPECT_TRUE(evidence->claims.identities.contains("mrservicetd"));
}

struct Genuine {
  std::string path;
  bool debug;
  std::string measurement;  // its beginning
  int64_t at = test::kAtTdx;
};

void PrintTo(const Genuine& row, std::ostream* out) { *out << row.path; }

class DcapGenuine : public testing::TestWithParam<Genuine> {};

TEST_P(DcapGenuine, IsAuthenticWithoutCollateral) {
  const Genuine& row = GetParam();
  TALLY_NEED_VECTOR(path, row.path);
  Bytes file = MustRead(path);
  // go-tdx-guest put text behind this one.
  if (row.path.ends_with("SPR_E4.dat")) file.resize(file.size() - 39);
  const AuthenticationInputs inputs{.at = row.at};
  const bool tdx = LooksLikeTdxQuote(file);
  EXPECT_NE(tdx, LooksLikeSgxQuote(file));
  const auto evidence =
      tdx ? AuthenticateTdx(file, inputs) : AuthenticateSgx(file, inputs);
  ASSERT_TRUE(evidence) << evidence.error().ToString();
  EXPECT_TRUE(evidence->authentic()) << DcapChecksOf(*evidence);
  EXPECT_EQ(evidence->claims.debug, row.debug);
  EXPECT_EQ(evidence->claims.tcb_status, "unknown");
  EXPECT_EQ(Hex(evidence->registers[0].value).substr(0, row.measurement.size()),
            row.measurement);
  EXPECT_EQ(evidence->checks.back().name, "TCB status");
  EXPECT_EQ(evidence->checks.back().state, CheckState::kUnknown);
}

// Measurements as an independent implementation read them.
INSTANTIATE_TEST_SUITE_P(
    All, DcapGenuine,
    testing::Values(
        Genuine{"tdx/dcap-qvl/tdx_quote", false, "91eb2b44d141d4ec"},
        Genuine{"tdx/dcap-qvl/tdx_quote_outdated", false, "273828c46252fcbd",
                test::kAtOutdated},
        Genuine{"tdx/trustee/tdx_quote_4.dat", true, "705ee9381b8633a9"},
        Genuine{"tdx/trustee/tdx_quote_5.dat", false, "dfba221b48a22af8"},
        Genuine{"tdx/trustee/tdx_quote_6.dat", false, "21e8dead92d6c69d"},
        Genuine{"signing/go-tdx-guest/testing/testdata/quote_v5_sample.dat",
                false, "", test::kAtOutdated},
        Genuine{
            "signing/go-tdx-guest/testing/testdata/tdx_prod_quote_SPR_E4.dat",
            false, ""},
        Genuine{"signing/go-tdx-guest/testing/testdata/ccel/"
                "cos-113-tdx-quote.dat",
                false, ""},
        Genuine{"sgx-quotes/dcap-qvl/sgx_quote", false, "33d8736db756ed49"},
        Genuine{"sgx-quotes/fortanix/quote.bin", true, "2531fd89facb97c6"},
        Genuine{"sgx-quotes/trustee-occlum/occlum_quote.dat", true,
                "8f173e4613ff05c5"}));

TEST(Dcap, SaysWhatCollateralWouldTell) {
  TALLY_NEED_VECTOR(quote, kTdxQuote);
  const auto evidence = AuthenticateTdx(MustRead(quote), {.at = test::kAtTdx});
  ASSERT_TRUE(evidence) << evidence.error().ToString();
  EXPECT_TRUE(evidence->authentic());
  EXPECT_EQ(DcapChecksOf(*evidence),
            "quote signature: passed: by the attestation key, over header and "
            "body\n"
            "attestation key: passed: is in the quoting enclave's report\n"
            "QE report signature: passed: by the PCK certificate's key\n"
            "PCK certificate chain: passed: Intel SGX PCK Platform CA, Intel "
            "SGX Root CA\n"
            "PCK certificate: passed: FMSPC b0c06f000000, PCEID 0000, PCESVN "
            "11, CPUSVN 03030202040100050000000000000000\n"
            "revocation: unknown: no current list was given of Intel SGX PCK "
            "Platform CA, Intel SGX Root CA\n"
            "quoting enclave: passed: signed by Intel's key for quoting "
            "enclaves; no QE identity was given\n"
            "TDX module: passed: Intel's, version 1, ISVSVN 6\n"
            "TCB status: unknown: needs a TCB info of the platform and a QE "
            "identity, both genuine and current\n");
  EXPECT_EQ(evidence->summary,
            "Intel TDX quote, version 4, FMSPC b0c06f000000, TCB unknown");
}

TEST(Dcap, TakesTheServicesOwnFiles) {
  TALLY_NEED_VECTOR(directory, "signing/go-tdx-guest/testing/testdata");
  TALLY_NEED_VECTOR(qvl, kOutdatedCollateral);
  const Bytes list = ParseHex(test::MemberOf(qvl, "pck_crl")).value();
  const std::vector<CollateralFile> files = {
      {"tcb-info.json", MustRead(directory / "sample_tcbinfo_response_v5")},
      test::File("qe-identity.json",
                 "{\"enclaveIdentity\":" + test::MemberOf(qvl, "qe_identity") +
                     ",\"signature\":\"" +
                     test::MemberOf(qvl, "qe_identity_signature") + "\"}\n"),
      test::File("chain.txt",
                 Encoded(test::MemberOf(qvl, "tcb_info_issuer_chain"))),
      test::File("root-ca-crl.hex", test::MemberOf(qvl, "root_ca_crl") + "\n"),
      {"pck-crl.der", list},
      test::File("notes.txt", "not for tally"),
      test::File("other.json", "{}"),
  };
  const auto evidence = AuthenticateTdx(
      MustRead(directory / "quote_v5_sample.dat"), {test::kAtOutdated, files});
  ASSERT_TRUE(evidence) << evidence.error().ToString();
  EXPECT_TRUE(evidence->authentic());
  EXPECT_EQ(
      DcapChecksOf(*evidence),
      "quote signature: passed: by the attestation key, over header and body\n"
      "attestation key: passed: is in the quoting enclave's report\n"
      "QE report signature: passed: by the PCK certificate's key\n"
      "PCK certificate chain: passed: Intel SGX PCK Platform CA, Intel SGX "
      "Root CA\n"
      "PCK certificate: passed: FMSPC 90c06f000000, PCEID 0000, PCESVN 13, "
      "CPUSVN 04040202040100050000000000000000\n"
      "revocation: passed: no certificate of the chain is revoked\n"
      "collateral: unknown: 'notes.txt': not used; found no document of "
      "Intel's, certificate or revocation list\n"
      "collateral: unknown: 'other.json': not used; found JSON without "
      "tcbInfo, enclaveIdentity or tcb_info\n"
      "quoting enclave: passed: as in the QE identity of 2026-02-18T10:42:15Z, "
      "ISVSVN 7: UpToDate\n"
      "TCB info: passed: of 2026-02-01T14:49:26Z, evaluation data number 18\n"
      "TDX module: passed: Intel's, version 1, ISVSVN 11\n"
      "TCB status: passed: UpToDate\n");
}

TEST(Dcap, DescribesEveryField) {
  TALLY_NEED_VECTOR(path, kTdxQuote);
  const Bytes file = MustRead(path);
  const auto fields = DescribeTdx(file);
  ASSERT_TRUE(fields) << fields.error().ToString();
  EXPECT_EQ(ValueOf(*fields, "version"), "0x0 4");
  EXPECT_EQ(ValueOf(*fields, "tee_type"), "0x4 81000000 # TDX");
  EXPECT_EQ(ValueOf(*fields, "td report / td_attributes"),
            "0xa8 0000001000000000 # SEPT_VE_DISABLE");
  EXPECT_EQ(ValueOf(*fields, "signature_data_len"), "0x278 4300");
  EXPECT_EQ(ValueOf(*fields, "certification / cert_key_type"), "0x2fc 6");
  EXPECT_EQ(ValueOf(*fields, "qe report / isv_prod_id"), "0x402 2");
  EXPECT_EQ(ValueOf(*fields, "qe report / attributes"),
            "0x332 1500000000000000e700000000000000 # INIT, MODE64BIT, "
            "PROVISIONKEY");
  EXPECT_EQ(ValueOf(*fields, "padding"),
            "0x1348 zeros # not part of the quote");
  uint64_t offset = 0;
  for (const EvidenceField& field : *fields) {
    EXPECT_EQ(field.offset, offset) << field.name;
    offset += field.size_bytes;
  }
  EXPECT_EQ(offset, file.size());
}

}  // namespace
}  // namespace tally
