#include "formats/pcs_fields.h"

namespace tally {

int64_t PcsFields::Time(std::string_view field, std::string_view text) {
  const Result<int64_t> time = ParseUtcTime(text);
  if (time) return *time;
  Fail(field, "found " + Quote(text.substr(0, 40)) +
                  ", expected a time as '2026-11-23T04:26:00Z'");
  return 0;
}

uint64_t PcsFields::AtMost(std::string_view field, uint64_t value,
                           uint64_t max) {
  if (value <= max) return value;
  Fail(field, "found " + std::to_string(value) + ", expected at most " +
                  std::to_string(max));
  return 0;
}

void PcsFields::Fail(std::string_view field, std::string_view why) {
  if (failure_) return;
  failure_ = where_ + ": " + std::string(field) + ": " + std::string(why);
}

Status PcsFields::status() const {
  if (failure_) return InputError(*failure_);
  return Ok();
}

Result<LevelStatus> ReadLevelStatus(const std::string& where,
                                    JsonFields& fields) {
  PcsFields check(where);
  check.Time("tcbDate", fields.Text("tcbDate"));
  const std::string name = fields.Text("tcbStatus");
  const std::optional<TcbStatus> found = FindDocumentStatus(name);
  if (!found) {
    check.Fail("tcbStatus",
               "found " + Quote(name) + ", expected a status as 'UpToDate'");
  }
  LevelStatus level{.status = found.value_or(TcbStatus::kRevoked)};
  const Json& advisories = fields.Any("advisoryIDs");
  if (!advisories.is_null() && advisories.array() == nullptr) {
    check.Fail("advisoryIDs", "not an array");
  } else if (!advisories.is_null()) {
    check.AtMost("advisoryIDs", advisories.array()->size(), kMaxAdvisories);
    for (const Json& advisory : *advisories.array()) {
      if (advisory.text() == nullptr) {
        check.Fail("advisoryIDs", "found an item that is not text");
        break;
      }
      level.advisories.push_back(*advisory.text());
    }
  }
  TALLY_TRY(fields.Finish());
  TALLY_TRY(check.status());
  return level;
}

Result<std::vector<IsvSvnLevel>> ReadIsvSvnLevels(const std::string& where,
                                                  const Json::Array& levels,
                                                  uint64_t max_isvsvn) {
  PcsFields check(where);
  check.AtMost("tcbLevels", levels.size(), kMaxTcbLevels);
  if (levels.empty()) check.Fail("tcbLevels", "found none, expected one");
  TALLY_TRY(check.status());
  std::vector<IsvSvnLevel> out;
  for (const Json& item : levels) {
    JsonFields fields(where + " level", item);
    JsonFields tcb(where + " level", fields.Object("tcb"));
    const uint64_t isvsvn =
        check.AtMost("isvsvn", tcb.Unsigned("isvsvn"), max_isvsvn);
    TALLY_ASSIGN(LevelStatus level, ReadLevelStatus(where + " level", fields));
    TALLY_TRY(tcb.Finish());
    if (level.status != TcbStatus::kUpToDate &&
        level.status != TcbStatus::kOutOfDate &&
        level.status != TcbStatus::kRevoked) {
      check.Fail("tcbStatus",
                 "found '" + std::string(TcbStatusName(level.status)) +
                     "', expected 'UpToDate', 'OutOfDate' or 'Revoked'");
    }
    out.push_back({.isvsvn = static_cast<uint16_t>(isvsvn),
                   .status = level.status,
                   .advisories = std::move(level.advisories)});
  }
  std::ranges::sort(out, std::ranges::greater(), &IsvSvnLevel::isvsvn);
  if (std::ranges::adjacent_find(out, std::ranges::equal_to(),
                                 &IsvSvnLevel::isvsvn) != out.end()) {
    check.Fail("tcbLevels", "an isvsvn occurs twice");
  }
  TALLY_TRY(check.status());
  return out;
}

}  // namespace tally
