#include "formats/tpm_evidence.h"

#include <utility>

#include "common/json.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kTpmEvidenceFormat = "tally-tpm-quote";
constexpr int64_t kTpmEvidenceVersion = 1;
constexpr const char* kTpmEvidence = "tpm evidence";

Error WrongTpmField(const std::string& field, const std::string& expected) {
  return InputError(std::string(kTpmEvidence) + ": '" + field + "' is no " +
                    expected);
}

Result<Bytes> Base64Field(const std::string& field, const Json& value) {
  if (value.text() == nullptr) return WrongTpmField(field, "text");
  Result<Bytes> bytes = ParseBase64(*value.text());
  if (!bytes) {
    return std::move(bytes).error().While("reading '" + field + "' of the " +
                                          kTpmEvidence);
  }
  return bytes;
}

Result<std::optional<Bytes>> OptionalBase64(const std::string& field,
                                            const Json& value) {
  if (value.is_null()) return std::optional<Bytes>();
  TALLY_ASSIGN(Bytes bytes, Base64Field(field, value));
  return std::optional<Bytes>(std::move(bytes));
}

Result<std::vector<Bytes>> ReadPcrs(const Json::Array& list) {
  if (list.size() > kMaxTpmPcrBanks * kTpmPcrs) {
    return WrongTpmField("pcrs", "list of at most 384 values");
  }
  std::vector<Bytes> pcrs;
  for (const Json& value : list) {
    if (value.text() == nullptr) return WrongTpmField("pcrs", "list of texts");
    Result<Bytes> pcr = ParseHex(*value.text());
    if (!pcr || pcr->size() > kMaxTpmDigestBytes) {
      return WrongTpmField("pcrs", "list of digests in hexadecimal");
    }
    pcrs.push_back(std::move(pcr).value());
  }
  return pcrs;
}

Result<std::vector<Bytes>> ReadCertificates(const Json& value) {
  std::vector<Bytes> certificates;
  if (value.is_null()) return certificates;
  if (value.array() == nullptr ||
      value.array()->size() > kMaxTpmAkCertificates) {
    return WrongTpmField("ak_certificates", "list of at most 8 texts");
  }
  for (const Json& certificate : *value.array()) {
    TALLY_ASSIGN(Bytes der, Base64Field("ak_certificates", certificate));
    certificates.push_back(std::move(der));
  }
  return certificates;
}

Result<std::optional<std::string>> ReadPem(const Json& value) {
  if (value.is_null()) return std::optional<std::string>();
  if (value.text() == nullptr) return WrongTpmField("ak_pem", "text");
  return std::optional<std::string>(*value.text());
}

Result<Json> ParseContainer(ByteSpan file) {
  if (file.size() > kMaxTpmEvidenceBytes) {
    return InputError(
        std::string(kTpmEvidence) + ": found " + std::to_string(file.size()) +
        " bytes, expected at most " + std::to_string(kMaxTpmEvidenceBytes));
  }
  Result<Json> json = ParseJson(AsText(file));
  if (!json) {
    return std::move(json).error().While("reading the " +
                                         std::string(kTpmEvidence));
  }
  return json;
}

Json OrNull(const std::optional<Bytes>& bytes) {
  return bytes ? Json(Base64(*bytes)) : Json();
}

}  // namespace

bool LooksLikeTpmEvidence(ByteSpan file) {
  // The name is looked for in the text first: other evidence is large.
  const std::string_view text = AsText(file);
  if (!Trim(text.substr(0, 256)).starts_with('{') ||
      text.find(kTpmEvidenceFormat) == std::string_view::npos) {
    return false;
  }
  const Result<Json> json = ParseContainer(file);
  if (!json) return false;
  const Json* format = json->Find("format");
  return format != nullptr && format->text() != nullptr &&
         *format->text() == kTpmEvidenceFormat;
}

Result<TpmEvidence> ParseTpmEvidence(ByteSpan file) {
  TALLY_ASSIGN(const Json json, ParseContainer(file));
  JsonFields fields(kTpmEvidence, json);
  const std::string format = fields.Text("format");
  const int64_t version = fields.Integer("version");
  const Json message = fields.Text("message");
  const Json signature = fields.Text("signature");
  const Json::Array pcrs = fields.Array("pcrs");
  const Json& ak_public = fields.Any("ak_public");
  const Json& ak_pem = fields.Any("ak_pem");
  const Json& ak_certificates = fields.Any("ak_certificates");
  const Json& event_log = fields.Any("event_log");
  TALLY_TRY(fields.Finish());
  if (format != kTpmEvidenceFormat || version != kTpmEvidenceVersion) {
    return InputError(std::string(kTpmEvidence) + ": found format " +
                      Quote(format) + " version " + std::to_string(version) +
                      ", expected 'tally-tpm-quote' version 1");
  }
  TpmEvidence evidence;
  TALLY_ASSIGN(evidence.message, Base64Field("message", message));
  TALLY_ASSIGN(evidence.signature, Base64Field("signature", signature));
  TALLY_ASSIGN(evidence.pcrs, ReadPcrs(pcrs));
  TALLY_ASSIGN(evidence.ak_public, OptionalBase64("ak_public", ak_public));
  TALLY_ASSIGN(evidence.ak_pem, ReadPem(ak_pem));
  TALLY_ASSIGN(evidence.ak_certificates, ReadCertificates(ak_certificates));
  TALLY_ASSIGN(evidence.event_log, OptionalBase64("event_log", event_log));
  if (evidence.ak_public.has_value() == evidence.ak_pem.has_value()) {
    return InputError(std::string(kTpmEvidence) + ": found " +
                      (evidence.ak_pem ? "both" : "neither") +
                      " of 'ak_public' and 'ak_pem', expected one");
  }
  return evidence;
}

std::string FormatTpmEvidence(const TpmEvidence& evidence) {
  Json::Array certificates;
  for (const Bytes& der : evidence.ak_certificates) {
    certificates.push_back(Base64(der));
  }
  Json::Array pcrs;
  for (const Bytes& pcr : evidence.pcrs) pcrs.push_back(Hex(pcr));
  return Json(Json::Object{
                  {"format", kTpmEvidenceFormat},
                  {"version", kTpmEvidenceVersion},
                  {"message", Base64(evidence.message)},
                  {"signature", Base64(evidence.signature)},
                  {"ak_public", OrNull(evidence.ak_public)},
                  {"ak_pem", evidence.ak_pem ? Json(*evidence.ak_pem) : Json()},
                  {"ak_certificates", std::move(certificates)},
                  {"pcrs", std::move(pcrs)},
                  {"event_log", OrNull(evidence.event_log)},
              })
      .Pretty();
}

}  // namespace tally
