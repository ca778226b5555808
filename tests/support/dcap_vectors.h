// Published quotes and collateral, and how tests look at what came of them.
#pragma once

#include <string>
#include <vector>

#include "attest/evidence.h"
#include "common/json.h"
#include "tests/support/test_files.h"

namespace tally::test {

// Times of issue of dcap-qvl's collateral (sample/, commit 9bffe30b) plus an
// hour, which is when its own tests look.
inline constexpr int64_t kAtTdx = 1750331763;       // 2025-06-19T11:16:03Z
inline constexpr int64_t kAtSgx = 1750334171;       // 2025-06-19T11:56:11Z
inline constexpr int64_t kAtOutdated = 1771415931;  // 2026-02-18T11:58:51Z

// What the tests of quotes share of dcap-qvl's samples.
inline constexpr const char* kTdxQuote = "tdx/dcap-qvl/tdx_quote";
inline constexpr const char* kTdxCollateral =
    "tdx/dcap-qvl/tdx_quote_collateral.json";
inline constexpr const char* kSgxQuote = "sgx-quotes/dcap-qvl/sgx_quote";
inline constexpr const char* kSgxCollateral =
    "sgx-quotes/dcap-qvl/sgx_quote_collateral.json";

// DcapChecksOf returns a line for each check: "name: state: text".
inline std::string DcapChecksOf(const Evidence& evidence) {
  std::string text;
  for (const EvidenceCheck& check : evidence.checks) {
    text += check.name + ": " + std::string(CheckStateName(check.state)) +
            ": " + check.text + "\n";
  }
  return text;
}

// DcapFailuresOf returns a line for each failed check: "name: text".
inline std::string DcapFailuresOf(const Evidence& evidence) {
  std::string text;
  for (const EvidenceCheck& check : evidence.checks) {
    if (check.state != CheckState::kFailed) continue;
    text += check.name + ": " + check.text + "\n";
  }
  return text;
}

inline std::vector<CollateralFile> Files(const fs::path& path) {
  return {{path.filename().string(), MustRead(path)}};
}

// MemberOf returns a text member of dcap-qvl's collateral.
inline std::string MemberOf(const fs::path& path, const std::string& name) {
  const Bytes file = MustRead(path);
  return *ParseJson(AsText(file)).value().Find(name)->text();
}

inline CollateralFile File(const std::string& name, const std::string& text) {
  return {name, ToBytes(AsBytes(text))};
}

}  // namespace tally::test
