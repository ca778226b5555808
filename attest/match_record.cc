#include "attest/match_record.h"

#include <optional>
#include <string>
#include <utility>

#include "common/text.h"

namespace tally {
namespace {

Json HexOrNull(const Bytes& bytes) {
  return bytes.empty() ? Json() : Json(Hex(bytes));
}

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json ClaimsRecord(const EvidenceClaims& claims) {
  Json::Object identities;
  for (const auto& [name, value] : claims.identities) {
    identities[name] = Hex(value);
  }
  Json::Array tcb;
  for (const TcbComponent& component : claims.tcb) {
    // Numbers in JSON have 53 bits.
    tcb.push_back(Json::Object{{"name", component.name},
                               {"svn", std::to_string(component.svn)}});
  }
  return Json::Object{
      {"advisories",
       Json::Array(claims.advisories.begin(), claims.advisories.end())},
      {"debug", OrNull(claims.debug)},
      {"identities", std::move(identities)},
      {"migration", OrNull(claims.migration)},
      {"nonce", claims.nonce ? Json(Hex(*claims.nonce)) : Json()},
      {"report_data",
       claims.report_data ? Json(Hex(*claims.report_data)) : Json()},
      {"tcb", std::move(tcb)},
      {"tcb_status", OrNull(claims.tcb_status)},
      {"vmpl", claims.vmpl ? Json(int64_t{*claims.vmpl}) : Json()}};
}

Json RegisterVerdictRecord(const RegisterVerdict& verdict) {
  return Json::Object{
      {"algorithm",
       verdict.algorithm.empty() ? Json() : Json(verdict.algorithm)},
      {"attested", HexOrNull(verdict.attested)},
      {"expected", HexOrNull(verdict.expected)},
      {"name", verdict.name},
      {"outcome", RegisterOutcomeName(verdict.outcome)},
      {"reason", verdict.reason.empty() ? Json() : Json(verdict.reason)}};
}

Json TargetRecord(const TargetVerdict& verdict) {
  const PublishedTarget& target = verdict.target;
  Json::Array registers;
  for (const RegisterVerdict& one : verdict.registers) {
    registers.push_back(RegisterVerdictRecord(one));
  }
  const bool has_release = !target.release_name.empty();
  return Json::Object{
      {"matches", verdict.matches},
      {"platform", target.platform},
      {"profile", target.profile},
      {"registers", std::move(registers)},
      {"release",
       has_release ? Json(Json::Object{{"digest", target.release_digest.hex()},
                                       {"name", target.release_name},
                                       {"version", target.release_version}})
                   : Json()},
      {"target", target.target}};
}

}  // namespace

Json CheckRecords(std::span<const EvidenceCheck> checks) {
  Json::Array records;
  for (const EvidenceCheck& check : checks) {
    records.push_back(Json::Object{{"name", check.name},
                                   {"state", CheckStateName(check.state)},
                                   {"text", check.text}});
  }
  return records;
}

Json EvidenceRecord(const Evidence& evidence) {
  Json::Array registers;
  for (const AttestedRegister& attested : evidence.registers) {
    registers.push_back(Json::Object{
        {"algorithm", attested.algorithm},
        {"name", attested.name},
        {"origin",
         attested.origin == RegisterOrigin::kSigned ? "signed" : "replayed"},
        {"value", Hex(attested.value)}});
  }
  return Json::Object{{"authentic", evidence.authentic()},
                      {"checks", CheckRecords(evidence.checks)},
                      {"claims", ClaimsRecord(evidence.claims)},
                      {"kind", EvidenceKindName(evidence.kind)},
                      {"registers", std::move(registers)},
                      {"summary", evidence.summary}};
}

Json VerdictRecord(const Evidence& evidence, const Verdict& verdict) {
  return Json::Object{
      {"allowed", verdict.allowed},
      {"authentic", verdict.authentic},
      {"evidence", EvidenceRecord(evidence)},
      {"matches", verdict.yes()},
      {"policy", CheckRecords(verdict.policy_checks)},
      {"target", verdict.target ? TargetRecord(*verdict.target) : Json()}};
}

}  // namespace tally
