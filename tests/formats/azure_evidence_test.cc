#include "formats/azure_evidence.h"

#include <gtest/gtest.h>

#include <string>

#include "common/json.h"

namespace tally {
namespace {

constexpr const char* kSnpV2 = R"({
  "version": 2,
  "tpm_quote": {"message": "01", "signature": "02", "pcrs": ["03", "04"]},
  "hcl_report": "-_8=", "vcek": "BQ=="})";
constexpr const char* kTdxV1 = R"({
  "version": 1,
  "tpm_quote": {"message": "01", "signature": "02", "pcrs": []},
  "hcl_report": "-_8=", "td_quote": "BQ=="})";
constexpr const char* kSnpV0 = R"({
  "quote": {"message": [1], "signature": [2], "pcrs": [[3], [4]]},
  "report": [251, 255], "vcek": "PEM"})";
constexpr const char* kTdxV0 = R"({
  "tpm_quote": {"message": [1], "signature": [2], "pcrs": [[3], [4]]},
  "hcl_report": [251, 255], "td_quote": [5]})";

// AzureEvidenceRefusal parses `text` with one member replaced; "quote/…" is in
// the quote.
std::string AzureEvidenceRefusal(const char* text, const std::string& key,
                                 const Json& value) {
  Json json = ParseJson(text).value();
  Json::Object* object = json.object();
  std::string name = key;
  if (key.starts_with("quote/")) {
    name = key.substr(6);
    const char* quote = json.Find("quote") != nullptr ? "quote" : "tpm_quote";
    object = object->find(quote)->second.object();
  }
  (*object)[name] = value;
  const auto evidence = ParseAzureEvidence(AsBytes(json.Canonical()));
  return evidence ? "accepted" : evidence.error().ToString();
}

TEST(AzureEvidence, ReadsEveryVersion) {
  AzureEvidence expected = {.version = 2,
                            .type = HclReportType::kSnp,
                            .hcl_report = {0xfb, 0xff},
                            .vcek = {5},
                            .message = {1},
                            .signature = {2},
                            .pcrs = {{3}, {4}}};
  EXPECT_EQ(ParseAzureEvidence(AsBytes(kSnpV2)).value(), expected);
  expected.version = 0;
  expected.vcek = ToBytes(AsBytes("PEM"));
  EXPECT_EQ(ParseAzureEvidence(AsBytes(kSnpV0)).value(), expected);
  expected.type = HclReportType::kTdx;
  expected.vcek.clear();
  expected.td_quote = {5};
  EXPECT_EQ(ParseAzureEvidence(AsBytes(kTdxV0)).value(), expected);
  expected.version = 1;
  expected.pcrs.clear();
  EXPECT_EQ(ParseAzureEvidence(AsBytes(kTdxV1)).value(), expected);
}

TEST(AzureEvidence, LooksLikeItByItsFields) {
  for (const char* text : {kSnpV2, kTdxV1, kSnpV0, kTdxV0}) {
    EXPECT_TRUE(LooksLikeAzureEvidence(AsBytes(text)));
  }
  for (const char* text :
       {"", "{}", "\"hcl_report\"", R"({"hcl_report": 1})",
        R"({"quote": 1, "report": 2})", R"({"tpm_quote": 1, "hcl_report")"}) {
    EXPECT_FALSE(LooksLikeAzureEvidence(AsBytes(text))) << text;
  }
}

TEST(AzureEvidence, RejectsEachFlaw) {
  EXPECT_EQ(AzureEvidenceRefusal(kSnpV2, "version", 3),
            "azure evidence: found version 3, expected 1 or 2, or none");
  EXPECT_EQ(AzureEvidenceRefusal(kSnpV2, "version", 0),
            "azure evidence: found version 0, expected 1 or 2, or none");
  EXPECT_EQ(AzureEvidenceRefusal(kSnpV2, "more", 1),
            "azure evidence: unknown field 'more'");
  EXPECT_EQ(AzureEvidenceRefusal(kTdxV1, "vcek", "BQ=="),
            "azure evidence: unknown field 'vcek'");
  EXPECT_EQ(AzureEvidenceRefusal(kSnpV0, "version", 1),
            "azure evidence: unknown field 'version'");
  EXPECT_EQ(AzureEvidenceRefusal(kSnpV2, "quote/more", 1),
            "azure evidence: quote: unknown field 'more'");
  EXPECT_EQ(AzureEvidenceRefusal(kSnpV2, "hcl_report", 1),
            "azure evidence: 'hcl_report' is no text");
  EXPECT_TRUE(AzureEvidenceRefusal(kSnpV2, "hcl_report", "+/8=")
                  .ends_with("while reading 'hcl_report' of the azure "
                             "evidence"));
  EXPECT_EQ(AzureEvidenceRefusal(kSnpV2, "quote/message", Json::Array{Json(1)}),
            "azure evidence: 'message' is no text");
  EXPECT_TRUE(
      AzureEvidenceRefusal(kSnpV2, "quote/signature", "0")
          .ends_with("while reading 'signature' of the azure evidence"));
  EXPECT_EQ(
      AzureEvidenceRefusal(kSnpV2, "quote/pcrs", Json::Array(25, Json("00"))),
      "azure evidence: 'pcrs' is no list of at most 24 values");
  EXPECT_EQ(AzureEvidenceRefusal(kSnpV0, "report", "AQ=="),
            "azure evidence: 'report' is no list of bytes");
  EXPECT_EQ(AzureEvidenceRefusal(kSnpV0, "report", Json::Array{Json(256)}),
            "azure evidence: 'report' is no list of bytes");
  EXPECT_EQ(AzureEvidenceRefusal(kSnpV0, "report", Json::Array{Json(-1)}),
            "azure evidence: 'report' is no list of bytes");
  EXPECT_EQ(AzureEvidenceRefusal(kSnpV0, "quote/pcrs", Json::Array{Json(1)}),
            "azure evidence: 'pcrs' is no list of bytes");
  const std::string large(kMaxAzureEvidenceBytes + 1, ' ');
  EXPECT_EQ(ParseAzureEvidence(AsBytes(large)).error().message(),
            "azure evidence: found 1048577 bytes, expected at most 1048576");
  EXPECT_TRUE(ParseAzureEvidence(AsBytes("{"))
                  .error()
                  .ToString()
                  .ends_with("while reading the azure evidence"));
}

}  // namespace
}  // namespace tally
