// Members of the documents of Intel's Provisioning Certification Service, for
// their readers.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/json.h"
#include "common/text.h"
#include "formats/pcs_documents.h"

namespace tally {

// PcsFields turns the text of members into values. The first failure sticks.
class PcsFields {
 public:
  explicit PcsFields(std::string where) : where_(std::move(where)) {}

  // Hex reads exactly N bytes, in lower or upper case: both are in use.
  template <size_t N>
  std::array<uint8_t, N> Hex(std::string_view field, std::string_view text);
  // Time reads "2026-11-23T04:26:00Z" and nothing else.
  int64_t Time(std::string_view field, std::string_view text);
  uint64_t AtMost(std::string_view field, uint64_t value, uint64_t max);
  void Fail(std::string_view field, std::string_view why);

  Status status() const;

 private:
  std::string where_;
  std::optional<std::string> failure_;
};

// FindDocumentStatus knows the statuses that a document may have.
std::optional<TcbStatus> FindDocumentStatus(std::string_view name);

// LevelStatus is what all kinds of levels have: status, date and advisories.
struct LevelStatus {
  TcbStatus status = TcbStatus::kRevoked;
  std::vector<std::string> advisories;
};
Result<LevelStatus> ReadLevelStatus(const std::string& where,
                                    JsonFields& fields);

// ReadIsvSvnLevels reads the levels of an enclave or a TDX module, of at least
// one and different ISVSVNs up to `max_isvsvn`, and sorts them.
Result<std::vector<IsvSvnLevel>> ReadIsvSvnLevels(const std::string& where,
                                                  const Json::Array& levels,
                                                  uint64_t max_isvsvn);

template <size_t N>
std::array<uint8_t, N> PcsFields::Hex(std::string_view field,
                                      std::string_view text) {
  std::array<uint8_t, N> out = {};
  const Result<Bytes> bytes = ParseHex(text);
  if (!bytes || bytes->size() != N) {
    Fail(field, "found " + Quote(text.substr(0, 2 * N + 8)) + ", expected " +
                    std::to_string(2 * N) + " hexadecimal digits");
    return out;
  }
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

}  // namespace tally
