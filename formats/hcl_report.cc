#include "formats/hcl_report.h"

#include <string>

#include "common/json.h"
#include "common/text.h"
#include "formats/base64url.h"

namespace tally {
namespace {

constexpr uint32_t kHclSignature = 0x414c4348;  // "HCLA"
constexpr uint32_t kHashSha256 = 1;             // IgvmAttestHashType
constexpr uint64_t kRequestDataBytes = 20;      // IgvmAttestRequestData
constexpr uint64_t kRequestExtensionBytes = 4;
constexpr std::string_view kAkKeyId = "HCLAkPub";
constexpr size_t kMaxKeys = 16;

// ReadRequestData reads IgvmAttestRequestData and returns the size of the
// runtime data.
uint64_t ReadRequestData(HclReport* report, ByteReader& r) {
  const uint64_t data_size = r.U32Le("data_size");
  const uint32_t version = r.U32Le("request data version");
  if (version != 1 && version != 2) {
    r.Fail("request data version",
           "found " + std::to_string(version) + ", expected 1 or 2");
  }
  const uint32_t type = r.U32Le("report_type");
  report->type = static_cast<HclReportType>(type);
  if (report->type != HclReportType::kSnp &&
      report->type != HclReportType::kTdx) {
    r.Fail("report_type",
           "found " + std::to_string(type) + ", expected 2 (SNP) or 4 (TDX)");
  }
  const uint32_t hash = r.U32Le("report_data_hash_type");
  if (hash != kHashSha256) {
    r.Fail("report_data_hash_type",
           "found " + std::to_string(hash) + ", expected 1 (SHA-256)");
  }
  const uint64_t runtime_bytes = r.U32Le("variable_data_size");
  const uint64_t expected = kRequestDataBytes + runtime_bytes;
  // openvmm since 2025 appends a bitmap to version 2, and counts it.
  const bool has_extension =
      version == 2 && data_size == expected + kRequestExtensionBytes;
  if (has_extension) {
    r.Skip("capability_bitmap", kRequestExtensionBytes);
  } else if (r.ok() && data_size != expected) {
    r.Fail("variable_data_size", "found " + std::to_string(runtime_bytes) +
                                     ", data_size is " +
                                     std::to_string(data_size));
  }
  return runtime_bytes;
}

Result<Bytes> JwkNumber(const Json& key, std::string_view name) {
  const Json* member = key.Find(name);
  if (member == nullptr || member->text() == nullptr) {
    return InputError("hcl runtime data: " + std::string(kAkKeyId) +
                      " has no text '" + std::string(name) + "'");
  }
  Result<Bytes> number = ParseBase64Url(*member->text(), Base64Padding::kNone);
  if (!number) {
    return std::move(number).error().While("reading " + std::string(kAkKeyId) +
                                           " '" + std::string(name) + "'");
  }
  return number;
}

bool HasText(const Json& object, std::string_view key, std::string_view value) {
  const Json* member = object.Find(key);
  return member != nullptr && member->text() != nullptr &&
         *member->text() == value;
}

Result<HclRsaKey> ParseAk(const Json& key) {
  if (!HasText(key, "kty", "RSA")) {
    return InputError("hcl runtime data: " + std::string(kAkKeyId) +
                      " is not an RSA key");
  }
  const Json* operations = key.Find("key_ops");
  if (operations == nullptr || *operations != Json(Json::Array{Json("sign")})) {
    return InputError("hcl runtime data: " + std::string(kAkKeyId) +
                      " is not for signing alone");
  }
  TALLY_ASSIGN(Bytes exponent, JwkNumber(key, "e"));
  TALLY_ASSIGN(Bytes modulus, JwkNumber(key, "n"));
  return HclRsaKey{.exponent = std::move(exponent),
                   .modulus = std::move(modulus)};
}

Result<HclRsaKey> FindAk(const Json& runtime) {
  const Json* keys = runtime.Find("keys");
  if (keys == nullptr || keys->array() == nullptr ||
      keys->array()->size() > kMaxKeys) {
    return InputError("hcl runtime data: expected a list 'keys' of at most " +
                      std::to_string(kMaxKeys));
  }
  const Json* ak = nullptr;
  for (const Json& key : *keys->array()) {
    if (!HasText(key, "kid", kAkKeyId)) continue;
    if (ak != nullptr) {
      return InputError("hcl runtime data: found key '" +
                        std::string(kAkKeyId) + "' twice");
    }
    ak = &key;
  }
  if (ak == nullptr) {
    return InputError("hcl runtime data: no key '" + std::string(kAkKeyId) +
                      "'");
  }
  return ParseAk(*ak);
}

}  // namespace

std::string_view HclReportTypeName(HclReportType type) {
  return type == HclReportType::kTdx ? "TDX" : "SNP";
}

Result<HclReport> ParseHclReport(ByteSpan file) {
  ByteReader r("hcl report", file);
  r.Count("size", file.size(), kMaxHclReportBytes);
  HclReport report;
  if (r.U32Le("signature") != kHclSignature)
    r.Fail("signature", "expected 'HCLA'");
  report.version = r.U32Le("version");
  if (report.version != 1 && report.version != 2) {
    r.Fail("version",
           "found " + std::to_string(report.version) + ", expected 1 or 2");
  }
  const uint64_t report_size = r.U32Le("report_size");
  r.U32Le("request_type");
  r.U32Le("status");
  r.Zeros("reserved", 12);
  const ByteSpan hardware =
      r.Take("attestation_report", kHclHardwareReportBytes);
  const uint64_t runtime_bytes = ReadRequestData(&report, r);
  report.runtime_data_offset = r.offset();
  report.runtime_data = r.Take("runtime data", runtime_bytes);
  if (r.ok() && report_size != r.offset()) {
    r.Fail("runtime data", "ends at " + HexNumber(r.offset()) +
                               ", report_size is " + HexNumber(report_size));
  }
  r.Zeros("unused bytes", r.remaining());
  TALLY_TRY(r.Finish());
  report.hardware_report = report.type == HclReportType::kTdx
                               ? hardware.first(kTdReportBytes)
                               : hardware;
  return report;
}

Result<HclRuntimeData> ParseHclRuntimeData(ByteSpan runtime_data) {
  auto runtime = ParseJson(AsText(runtime_data));
  if (!runtime) {
    return std::move(runtime).error().While("reading the hcl runtime data");
  }
  HclRuntimeData parsed;
  TALLY_ASSIGN(parsed.ak, FindAk(*runtime));
  if (const Json* user_data = runtime->Find("user-data")) {
    if (user_data->text() == nullptr) {
      return InputError("hcl runtime data: 'user-data' is not a text");
    }
    TALLY_ASSIGN(parsed.user_data, ParseHex(*user_data->text()));
  }
  return parsed;
}

}  // namespace tally
