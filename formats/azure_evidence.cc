#include "formats/azure_evidence.h"

#include <string>
#include <utility>

#include "common/json.h"
#include "common/text.h"
#include "formats/base64url.h"
#include "formats/tpm_attest.h"

namespace tally {
namespace {

constexpr const char* kAzureEvidence = "azure evidence";
constexpr int64_t kNewestVersion = 2;

Error WrongAzureField(const std::string& field, const std::string& expected) {
  return InputError(std::string(kAzureEvidence) + ": '" + field + "' is no " +
                    expected);
}

Error Reading(Error error, const std::string& field) {
  return std::move(error).While("reading '" + field + "' of the " +
                                kAzureEvidence);
}

// Version 0 has byte strings as lists of numbers.
Result<Bytes> ByteList(const std::string& field, const Json& value) {
  if (value.array() == nullptr) return WrongAzureField(field, "list of bytes");
  Bytes bytes;
  bytes.reserve(value.array()->size());
  for (const Json& item : *value.array()) {
    const int64_t* number = item.integer();
    if (number == nullptr || *number < 0 || *number > 255) {
      return WrongAzureField(field, "list of bytes");
    }
    bytes.push_back(static_cast<uint8_t>(*number));
  }
  return bytes;
}

Result<Bytes> HexField(const std::string& field, const Json& value) {
  if (value.text() == nullptr) return WrongAzureField(field, "text");
  Result<Bytes> bytes = ParseHex(*value.text());
  if (!bytes) return Reading(std::move(bytes).error(), field);
  return bytes;
}

Result<Bytes> Base64UrlField(const std::string& field, const Json& value) {
  if (value.text() == nullptr) return WrongAzureField(field, "text");
  Result<Bytes> bytes = ParseBase64Url(*value.text(), Base64Padding::kRequired);
  if (!bytes) return Reading(std::move(bytes).error(), field);
  return bytes;
}

// Encodings says how a version writes byte strings.
using Encoding = Result<Bytes> (*)(const std::string&, const Json&);
struct Encodings {
  Encoding quote;  // in the TPM's quote
  Encoding rest;
};
constexpr Encodings kLists = {ByteList, ByteList};
constexpr Encodings kTexts = {HexField, Base64UrlField};

Status ReadQuote(const Json& quote, const Encodings& encodings,
                 AzureEvidence* evidence) {
  JsonFields fields(std::string(kAzureEvidence) + ": quote", quote);
  const Json& message = fields.Any("message");
  const Json& signature = fields.Any("signature");
  const Json::Array& pcrs = fields.Array("pcrs");
  TALLY_TRY(fields.Finish());
  TALLY_ASSIGN(evidence->message, encodings.quote("message", message));
  TALLY_ASSIGN(evidence->signature, encodings.quote("signature", signature));
  if (pcrs.size() > kTpmPcrs)
    return WrongAzureField("pcrs", "list of at most 24 values");
  for (const Json& pcr : pcrs) {
    TALLY_ASSIGN(Bytes value, encodings.quote("pcrs", pcr));
    evidence->pcrs.push_back(std::move(value));
  }
  return Ok();
}

Result<Json> ParseObject(ByteSpan file) {
  if (file.size() > kMaxAzureEvidenceBytes) {
    return InputError(
        std::string(kAzureEvidence) + ": found " + std::to_string(file.size()) +
        " bytes, expected at most " + std::to_string(kMaxAzureEvidenceBytes));
  }
  Result<Json> json = ParseJson(AsText(file));
  if (!json) {
    return std::move(json).error().While("reading the " +
                                         std::string(kAzureEvidence));
  }
  return json;
}

// The first form of all: "quote", "report" and a VCEK in PEM.
Result<AzureEvidence> ReadOldSnp(const Json& json) {
  JsonFields fields(kAzureEvidence, json);
  const Json& quote = fields.Object("quote");
  const Json& report = fields.Any("report");
  const std::string vcek = fields.Text("vcek");
  TALLY_TRY(fields.Finish());
  AzureEvidence evidence;
  TALLY_TRY(ReadQuote(quote, kLists, &evidence));
  TALLY_ASSIGN(evidence.hcl_report, ByteList("report", report));
  evidence.vcek = ToBytes(AsBytes(vcek));
  return evidence;
}

Result<AzureEvidence> ReadNamed(const Json& json) {
  const bool is_tdx = json.Find("td_quote") != nullptr;
  AzureEvidence evidence;
  JsonFields fields(kAzureEvidence, json);
  if (json.Find("version") != nullptr) {
    evidence.version = fields.Integer("version");
    if (evidence.version != 1 && evidence.version != kNewestVersion) {
      return InputError(std::string(kAzureEvidence) + ": found version " +
                        std::to_string(evidence.version) +
                        ", expected 1 or 2, or none");
    }
  }
  const Json& quote = fields.Object("tpm_quote");
  const Json& hcl_report = fields.Any("hcl_report");
  const char* voucher_name = is_tdx ? "td_quote" : "vcek";
  const Json& voucher = fields.Any(voucher_name);
  TALLY_TRY(fields.Finish());
  const Encodings& encodings = evidence.version == 0 ? kLists : kTexts;
  evidence.type = is_tdx ? HclReportType::kTdx : HclReportType::kSnp;
  TALLY_TRY(ReadQuote(quote, encodings, &evidence));
  TALLY_ASSIGN(evidence.hcl_report, encodings.rest("hcl_report", hcl_report));
  TALLY_ASSIGN(Bytes bytes, encodings.rest(voucher_name, voucher));
  (is_tdx ? evidence.td_quote : evidence.vcek) = std::move(bytes);
  return evidence;
}

bool IsOldSnp(const Json& json) { return json.Find("quote") != nullptr; }

}  // namespace

bool LooksLikeAzureEvidence(ByteSpan file) {
  // Other evidence is JSON too; the names are looked for first.
  const std::string_view text = AsText(file);
  const auto has = [text](std::string_view name) {
    return text.find(name) != std::string_view::npos;
  };
  if (!has("\"hcl_report\"") && !(has("\"report\"") && has("\"quote\""))) {
    return false;
  }
  const Result<Json> json = ParseObject(file);
  if (!json || json->object() == nullptr) return false;
  if (IsOldSnp(*json)) {
    return json->Find("report") != nullptr && json->Find("vcek") != nullptr;
  }
  return json->Find("hcl_report") != nullptr &&
         json->Find("tpm_quote") != nullptr;
}

Result<AzureEvidence> ParseAzureEvidence(ByteSpan file) {
  TALLY_ASSIGN(const Json json, ParseObject(file));
  return IsOldSnp(json) ? ReadOldSnp(json) : ReadNamed(json);
}

}  // namespace tally
