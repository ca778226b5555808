// What the documents of Intel's service have in common, and quoting enclaves'
// identities. TCB info is in formats/pcs_tcb_info.cc.
#include "formats/pcs_documents.h"

#include <algorithm>

#include "common/json.h"
#include "common/text.h"
#include "formats/pcs_fields.h"

namespace tally {
namespace {

struct StatusName {
  TcbStatus status;
  std::string_view name;
};
constexpr std::array<StatusName, 9> kStatuses = {
    {{TcbStatus::kUpToDate, "UpToDate"},
     {TcbStatus::kSwHardeningNeeded, "SWHardeningNeeded"},
     {TcbStatus::kConfigurationNeeded, "ConfigurationNeeded"},
     {TcbStatus::kConfigurationAndSwHardeningNeeded,
      "ConfigurationAndSWHardeningNeeded"},
     {TcbStatus::kTdRelaunchAdvised, "TDRelaunchAdvised"},
     {TcbStatus::kTdRelaunchAdvisedConfigurationNeeded,
      "TDRelaunchAdvisedConfigurationNeeded"},
     {TcbStatus::kOutOfDate, "OutOfDate"},
     {TcbStatus::kOutOfDateConfigurationNeeded, "OutOfDateConfigurationNeeded"},
     {TcbStatus::kRevoked, "Revoked"}}};

bool IsRelaunch(TcbStatus status) {
  return status == TcbStatus::kTdRelaunchAdvised ||
         status == TcbStatus::kTdRelaunchAdvisedConfigurationNeeded;
}

constexpr std::string_view kJsonSpace = " \t\r\n";  // RFC 8259, section 2

// ValueEnd returns the position behind the value that begins at `from`, in text
// that is known to be JSON.
size_t ValueEnd(std::string_view text, size_t from) {
  size_t depth = 0;
  bool in_text = false;
  for (size_t i = from; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_text = false;
        if (depth == 0) return i + 1;
      }
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (--depth == 0) return i + 1;
    }
  }
  return text.size();
}

// FindMember returns the bytes of the member's value. `text` is known to be an
// object whose members' values are objects, arrays and text. A key that is
// written with escapes is not found.
std::string_view FindMember(std::string_view text, std::string_view name) {
  size_t at = text.find('{') + 1;
  while (true) {
    const size_t key = text.find('"', at);
    if (key == std::string_view::npos) return {};
    const size_t key_end = ValueEnd(text, key);
    const size_t colon = text.find(':', key_end);
    const size_t value = text.find_first_not_of(kJsonSpace, colon + 1);
    const size_t value_end = ValueEnd(text, value);
    if (text.substr(key + 1, key_end - key - 2) == name) {
      return text.substr(value, value_end - value);
    }
    at = value_end;
  }
}

}  // namespace

std::string_view TcbStatusName(TcbStatus status) {
  return std::ranges::find(kStatuses, status, &StatusName::status)->name;
}

std::optional<TcbStatus> FindDocumentStatus(std::string_view name) {
  const auto* found = std::ranges::find(kStatuses, name, &StatusName::name);
  if (found == kStatuses.end() || IsRelaunch(found->status)) {
    return std::nullopt;
  }
  return found->status;
}

Result<std::array<uint8_t, 64>> ParseDocumentSignature(std::string_view hex) {
  PcsFields fields("signature");
  const auto signature = fields.Hex<64>("signature", hex);
  TALLY_TRY(fields.status());
  return signature;
}

Result<SignedDocument> ParseSignedDocument(std::string_view text,
                                           const std::string& name) {
  if (text.size() > kMaxPcsDocumentBytes) {
    return InputError(name + ": found " + std::to_string(text.size()) +
                      " bytes, expected at most " +
                      std::to_string(kMaxPcsDocumentBytes));
  }
  TALLY_ASSIGN(const Json json, ParseJson(text));
  JsonFields fields("signed document", json);
  fields.Object(name);
  const std::string signature = fields.Text("signature");
  TALLY_TRY(fields.Finish());
  SignedDocument document;
  document.body = FindMember(text, name);
  if (document.body.empty()) {
    return InputError("signed document: the key '" + name +
                      "' is written with escapes, expected plain text");
  }
  TALLY_ASSIGN(document.signature, ParseDocumentSignature(signature));
  return document;
}

Result<QeIdentity> ParseQeIdentity(std::string_view body) {
  if (body.size() > kMaxPcsDocumentBytes) {
    return InputError("enclave identity: found " + std::to_string(body.size()) +
                      " bytes, expected at most " +
                      std::to_string(kMaxPcsDocumentBytes));
  }
  TALLY_ASSIGN(const Json json, ParseJson(body));
  PcsFields check("enclave identity");
  JsonFields fields("enclave identity", json);
  QeIdentity identity;
  const std::string id = fields.Text("id");
  const uint64_t version = fields.Unsigned("version");
  identity.issue_date = check.Time("issueDate", fields.Text("issueDate"));
  identity.next_update = check.Time("nextUpdate", fields.Text("nextUpdate"));
  identity.tcb_evaluation_data_number =
      fields.Unsigned("tcbEvaluationDataNumber");
  const auto miscselect = check.Hex<4>("miscselect", fields.Text("miscselect"));
  const auto miscselect_mask =
      check.Hex<4>("miscselectMask", fields.Text("miscselectMask"));
  identity.attributes = check.Hex<16>("attributes", fields.Text("attributes"));
  identity.attributes_mask =
      check.Hex<16>("attributesMask", fields.Text("attributesMask"));
  identity.mrsigner = check.Hex<32>("mrsigner", fields.Text("mrsigner"));
  identity.isvprodid = static_cast<uint16_t>(
      check.AtMost("isvprodid", fields.Unsigned("isvprodid"), 0xffff));
  const Json::Array& levels = fields.Array("tcbLevels");
  TALLY_TRY(fields.Finish());
  if (id != "QE" && id != "TD_QE") {
    check.Fail("id", "found " + Quote(id) + ", expected 'QE' or 'TD_QE'");
  }
  if (version != 2) {
    check.Fail("version", "found " + std::to_string(version) + ", expected 2");
  }
  TALLY_TRY(check.status());
  identity.id = id == "QE" ? QeIdentityId::kQe : QeIdentityId::kTdQe;
  // The document writes the bytes as they are in the report.
  identity.miscselect = ByteReader("miscselect", miscselect).U32Le("value");
  identity.miscselect_mask =
      ByteReader("miscselectMask", miscselect_mask).U32Le("value");
  TALLY_ASSIGN(identity.levels,
               ReadIsvSvnLevels("enclave identity", levels, 0xffff));
  return identity;
}

}  // namespace tally
