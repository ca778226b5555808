#include <algorithm>
#include <tuple>

#include "common/json.h"
#include "common/text.h"
#include "formats/pcs_documents.h"
#include "formats/pcs_fields.h"

namespace tally {
namespace {

constexpr size_t kComponents = 16;
constexpr uint64_t kMaxTdxModules = 256;

// ReadComponents reads [{"svn": 5, "category": "BIOS", "type": "…"}, …].
Result<std::array<uint8_t, 16>> ReadComponents(const std::string& name,
                                               const Json::Array& components) {
  PcsFields check("tcb info level");
  std::array<uint8_t, 16> svns = {};
  if (components.size() != kComponents) {
    check.Fail(name, "found " + std::to_string(components.size()) +
                         " components, expected 16");
  }
  TALLY_TRY(check.status());
  for (size_t i = 0; i < kComponents; ++i) {
    JsonFields fields("tcb info component", components[i]);
    svns[i] =
        static_cast<uint8_t>(check.AtMost("svn", fields.Unsigned("svn"), 0xff));
    fields.Ignore("category");
    fields.Ignore("type");
    TALLY_TRY(fields.Finish());
  }
  TALLY_TRY(check.status());
  return svns;
}

Result<TcbLevel> ReadTcbLevel(const Json& json, TcbInfoId id) {
  PcsFields check("tcb info level");
  JsonFields fields("tcb info level", json);
  JsonFields tcb("tcb info level", fields.Object("tcb"));
  TcbLevel level;
  level.pcesvn = static_cast<uint16_t>(
      check.AtMost("pcesvn", tcb.Unsigned("pcesvn"), 0xffff));
  const Json::Array& sgx = tcb.Array("sgxtcbcomponents");
  if (id == TcbInfoId::kTdx) {
    TALLY_ASSIGN(
        level.tdx_tcb_components,
        ReadComponents("tdxtcbcomponents", tcb.Array("tdxtcbcomponents")));
  }
  TALLY_TRY(tcb.Finish());
  TALLY_ASSIGN(level.sgx_tcb_components,
               ReadComponents("sgxtcbcomponents", sgx));
  TALLY_ASSIGN(LevelStatus status, ReadLevelStatus("tcb info level", fields));
  TALLY_TRY(check.status());
  level.status = status.status;
  level.advisories = std::move(status.advisories);
  return level;
}

auto OrderOf(const TcbLevel& level) {
  return std::tie(level.sgx_tcb_components, level.pcesvn,
                  level.tdx_tcb_components);
}

Result<std::vector<TcbLevel>> ReadTcbLevels(const Json::Array& levels,
                                            TcbInfoId id) {
  PcsFields check("tcb info");
  check.AtMost("tcbLevels", levels.size(), kMaxTcbLevels);
  if (levels.empty()) check.Fail("tcbLevels", "found none, expected one");
  TALLY_TRY(check.status());
  std::vector<TcbLevel> out;
  for (const Json& item : levels) {
    TALLY_ASSIGN(TcbLevel level, ReadTcbLevel(item, id));
    out.push_back(std::move(level));
  }
  std::ranges::sort(out, [](const TcbLevel& a, const TcbLevel& b) {
    return OrderOf(a) > OrderOf(b);
  });
  if (std::ranges::adjacent_find(out, [](const TcbLevel& a, const TcbLevel& b) {
        return OrderOf(a) == OrderOf(b);
      }) != out.end()) {
    check.Fail("tcbLevels", "a level occurs twice");
  }
  TALLY_TRY(check.status());
  return out;
}

// ReadModule reads the members that "tdxModule" and the items of
// "tdxModuleIdentities" share.
TdxModuleIdentity ReadModule(JsonFields& fields, PcsFields& check) {
  return {.mrsigner = check.Hex<48>("mrsigner", fields.Text("mrsigner")),
          .attributes = check.Hex<8>("attributes", fields.Text("attributes")),
          .attributes_mask =
              check.Hex<8>("attributesMask", fields.Text("attributesMask"))};
}

Result<TdxModuleIdentity> ReadTdxModule(const Json& json) {
  PcsFields check("tdx module");
  JsonFields fields("tdx module", json);
  TdxModuleIdentity module = ReadModule(fields, check);
  TALLY_TRY(fields.Finish());
  TALLY_TRY(check.status());
  return module;
}

Result<TdxModuleIdentity> ReadTdxModuleIdentity(const Json& json) {
  PcsFields check("tdx module identity");
  JsonFields fields("tdx module identity", json);
  TdxModuleIdentity module = ReadModule(fields, check);
  module.id = fields.Text("id");
  const Json::Array& levels = fields.Array("tcbLevels");
  TALLY_TRY(fields.Finish());
  TALLY_TRY(check.status());
  // TEE_TCB_SVN has one byte for it.
  TALLY_ASSIGN(module.levels,
               ReadIsvSvnLevels("tdx module identity", levels, 0xff));
  return module;
}

Result<std::vector<TdxModuleIdentity>> ReadTdxModuleIdentities(
    const Json& json) {
  std::vector<TdxModuleIdentity> modules;
  if (json.is_null()) return modules;
  PcsFields check("tcb info");
  if (json.array() == nullptr) {
    check.Fail("tdxModuleIdentities", "not an array");
    TALLY_TRY(check.status());
  }
  check.AtMost("tdxModuleIdentities", json.array()->size(), kMaxTdxModules);
  TALLY_TRY(check.status());
  for (const Json& item : *json.array()) {
    TALLY_ASSIGN(TdxModuleIdentity module, ReadTdxModuleIdentity(item));
    modules.push_back(std::move(module));
  }
  return modules;
}

}  // namespace

Result<TcbInfo> ParseTcbInfo(std::string_view body) {
  PcsFields check("tcb info");
  check.AtMost("size", body.size(), kMaxPcsDocumentBytes);
  TALLY_TRY(check.status());
  TALLY_ASSIGN(const Json json, ParseJson(body));
  JsonFields fields("tcb info", json);
  TcbInfo info;
  const std::string id = fields.Text("id");
  if (id != "SGX" && id != "TDX") {
    check.Fail("id", "found " + Quote(id) + ", expected 'SGX' or 'TDX'");
  }
  info.id = id == "TDX" ? TcbInfoId::kTdx : TcbInfoId::kSgx;
  const uint64_t version = fields.Unsigned("version");
  if (version != 3) {
    check.Fail("version", "found " + std::to_string(version) + ", expected 3");
  }
  info.issue_date = check.Time("issueDate", fields.Text("issueDate"));
  info.next_update = check.Time("nextUpdate", fields.Text("nextUpdate"));
  info.fmspc = check.Hex<6>("fmspc", fields.Text("fmspc"));
  info.pceid = check.Hex<2>("pceId", fields.Text("pceId"));
  // 0 is "architectural TCB type"; there is no other.
  check.AtMost("tcbType", fields.Unsigned("tcbType"), 0);
  info.tcb_evaluation_data_number = fields.Unsigned("tcbEvaluationDataNumber");
  const Json::Array& levels = fields.Array("tcbLevels");
  const Json* module = nullptr;
  const Json* modules = nullptr;
  if (info.id == TcbInfoId::kTdx) {
    module = &fields.Object("tdxModule");
    modules = &fields.Any("tdxModuleIdentities");
  }
  TALLY_TRY(fields.Finish());
  TALLY_TRY(check.status());
  if (module != nullptr) {
    TALLY_ASSIGN(info.tdx_module, ReadTdxModule(*module));
    TALLY_ASSIGN(info.tdx_module_identities, ReadTdxModuleIdentities(*modules));
  }
  TALLY_ASSIGN(info.levels, ReadTcbLevels(levels, info.id));
  return info;
}

}  // namespace tally
