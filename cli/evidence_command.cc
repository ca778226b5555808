#include "cli/evidence_command.h"

#include <algorithm>
#include <utility>

#include "attest/match_record.h"
#include "cli/match_text.h"
#include "common/text.h"

namespace tally {
namespace {

std::string FieldLine(const EvidenceField& field) {
  std::string line = HexNumber(field.offset);
  line.resize(std::max(line.size(), size_t{8}), ' ');
  std::string size = std::to_string(field.size_bytes);
  line += " " + std::string(6 - std::min(size.size(), size_t{5}), ' ') + size;
  line += "  " + field.name;
  if (!field.value.empty()) line += " = " + field.value;
  if (!field.note.empty()) line += "  (" + field.note + ")";
  return line + "\n";
}

Json FieldRecord(const EvidenceField& field) {
  return Json::Object{{"name", field.name},
                      {"note", field.note.empty() ? Json() : Json(field.note)},
                      {"offset", field.offset},
                      {"size_bytes", field.size_bytes},
                      {"value", field.value}};
}

}  // namespace

Status RunEvidenceInspect(const EvidenceFlags& flags, Console& console) {
  TALLY_ASSIGN(const EvidenceContext context, OpenEvidenceContext(flags));
  const auto describe = [&]() -> Status {
    TALLY_ASSIGN(const LoadedEvidence loaded,
                 LoadEvidence(flags.evidence, context));
    TALLY_ASSIGN(const std::vector<EvidenceField> fields,
                 Describe(loaded.kind, loaded.bytes));
    std::string text =
        "kind=" + std::string(EvidenceKindName(loaded.kind)) + "\n";
    Json::Array records;
    for (const EvidenceField& field : fields) {
      text += FieldLine(field);
      records.push_back(FieldRecord(field));
    }
    console.Answer(text, Json::Object{{"fields", std::move(records)},
                                      {"kind", EvidenceKindName(loaded.kind)}});
    return Ok();
  };
  Status status = describe();
  if (status) return status;
  return std::move(status).error().While("reading " +
                                         Quote(flags.evidence.string()));
}

Status RunEvidenceVerify(const EvidenceVerifyFlags& flags, Console& console) {
  TALLY_ASSIGN(const Freshness freshness, ReadFreshness(flags.freshness));
  TALLY_ASSIGN(const EvidenceContext context,
               OpenEvidenceContext(flags.evidence));
  TALLY_ASSIGN(Evidence evidence,
               AuthenticateFile(flags.evidence.evidence, context));
  for (EvidenceCheck& check : CheckFreshness(evidence.claims, freshness)) {
    evidence.checks.push_back(std::move(check));
  }
  console.Answer(EvidenceText(evidence), EvidenceRecord(evidence));
  WarnOfUnknown(evidence.checks, console);
  if (evidence.authentic()) return Ok();
  return MismatchError("the evidence is not authentic");
}

}  // namespace tally
