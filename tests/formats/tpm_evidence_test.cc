#include "formats/tpm_evidence.h"

#include <gtest/gtest.h>

#include <string>

#include "common/json.h"

namespace tally {
namespace {

TpmEvidence ExampleEvidence() {
  return {.message = {1, 2, 3},
          .signature = {4, 5},
          .ak_public = Bytes{6},
          .ak_certificates = {{7}, {8}},
          .pcrs = {{9, 10}, {11}},
          .event_log = Bytes{12}};
}

// TpmEvidenceRefusal parses the example with one member replaced, or removed.
std::string TpmEvidenceRefusal(const std::string& key, const Json& value) {
  Json json = ParseJson(FormatTpmEvidence(ExampleEvidence())).value();
  (*json.object())[key] = value;
  const auto evidence = ParseTpmEvidence(AsBytes(json.Canonical()));
  return evidence ? "accepted" : evidence.error().ToString();
}
std::string RefusalWithout(const std::string& key) {
  Json json = ParseJson(FormatTpmEvidence(ExampleEvidence())).value();
  json.object()->erase(key);
  const auto evidence = ParseTpmEvidence(AsBytes(json.Canonical()));
  return evidence ? "accepted" : evidence.error().ToString();
}

TEST(TpmEvidence, IsJson) {
  EXPECT_EQ(FormatTpmEvidence(ExampleEvidence()), R"({
  "ak_certificates": [
    "Bw==",
    "CA=="
  ],
  "ak_pem": null,
  "ak_public": "Bg==",
  "event_log": "DA==",
  "format": "tally-tpm-quote",
  "message": "AQID",
  "pcrs": [
    "090a",
    "0b"
  ],
  "signature": "BAU=",
  "version": 1
}
)");
}

TEST(TpmEvidence, RoundTrips) {
  EXPECT_EQ(
      ParseTpmEvidence(AsBytes(FormatTpmEvidence(ExampleEvidence()))).value(),
      ExampleEvidence());
  TpmEvidence pem = {.ak_pem = "-----BEGIN PUBLIC KEY-----\n"};
  EXPECT_EQ(ParseTpmEvidence(AsBytes(FormatTpmEvidence(pem))).value(), pem);
}

TEST(TpmEvidence, LeavesOutWhatThereIsNot) {
  EXPECT_EQ(RefusalWithout("ak_pem"), "accepted");
  EXPECT_EQ(RefusalWithout("ak_certificates"), "accepted");
  EXPECT_EQ(RefusalWithout("event_log"), "accepted");
}

TEST(TpmEvidence, RejectsEachFlaw) {
  EXPECT_EQ(TpmEvidenceRefusal("format", "x"),
            "tpm evidence: found format 'x' version 1, expected "
            "'tally-tpm-quote' version 1");
  EXPECT_EQ(TpmEvidenceRefusal("version", 2),
            "tpm evidence: found format 'tally-tpm-quote' version 2, expected "
            "'tally-tpm-quote' version 1");
  EXPECT_TRUE(TpmEvidenceRefusal("message", "AQI")
                  .ends_with("while reading 'message' of the tpm evidence"))
      << TpmEvidenceRefusal("message", "AQI");
  EXPECT_EQ(TpmEvidenceRefusal("ak_public", 1),
            "tpm evidence: 'ak_public' is no text");
  EXPECT_EQ(TpmEvidenceRefusal("event_log", 1),
            "tpm evidence: 'event_log' is no text");
  EXPECT_EQ(TpmEvidenceRefusal("ak_pem", "x"),
            "tpm evidence: found both of 'ak_public' and 'ak_pem', expected "
            "one");
  EXPECT_EQ(TpmEvidenceRefusal("ak_pem", 1),
            "tpm evidence: 'ak_pem' is no text");
  EXPECT_EQ(TpmEvidenceRefusal("ak_public", nullptr),
            "tpm evidence: found neither of 'ak_public' and 'ak_pem', expected "
            "one");
  EXPECT_EQ(TpmEvidenceRefusal("pcrs", Json::Array{Json(1)}),
            "tpm evidence: 'pcrs' is no list of texts");
  EXPECT_EQ(TpmEvidenceRefusal("pcrs", Json::Array{Json("0")}),
            "tpm evidence: 'pcrs' is no list of digests in hexadecimal");
  EXPECT_EQ(
      TpmEvidenceRefusal("pcrs", Json::Array{Json(std::string(130, '0'))}),
      "tpm evidence: 'pcrs' is no list of digests in hexadecimal");
  EXPECT_EQ(TpmEvidenceRefusal("pcrs", Json::Array(385, Json("00"))),
            "tpm evidence: 'pcrs' is no list of at most 384 values");
  EXPECT_EQ(TpmEvidenceRefusal("ak_certificates", Json::Array(9, Json("AA=="))),
            "tpm evidence: 'ak_certificates' is no list of at most 8 texts");
  EXPECT_EQ(TpmEvidenceRefusal("ak_certificates", "AA=="),
            "tpm evidence: 'ak_certificates' is no list of at most 8 texts");
  EXPECT_EQ(TpmEvidenceRefusal("more", 1),
            "tpm evidence: unknown field 'more'");
  EXPECT_EQ(RefusalWithout("message"),
            "tpm evidence: field 'message' is missing, expected text");
  const std::string large(kMaxTpmEvidenceBytes + 1, ' ');
  EXPECT_EQ(ParseTpmEvidence(AsBytes(large)).error().message(),
            "tpm evidence: found 16777217 bytes, expected at most 16777216");
  EXPECT_TRUE(ParseTpmEvidence(AsBytes("["))
                  .error()
                  .ToString()
                  .ends_with("while reading the tpm evidence"));
}

}  // namespace
}  // namespace tally
