// The policy file of `tally match`: strict YAML. Every key is in
// docs/match-policy.md.
#pragma once

#include <filesystem>
#include <string_view>

#include "attest/policy.h"
#include "common/result.h"

namespace tally {

// ParseMatchPolicy reads a policy. `path` names it in errors, which begin with
// "path:line:column: ".
Result<MatchPolicy> ParseMatchPolicy(std::string_view text,
                                     const std::filesystem::path& path);

// LoadMatchPolicy reads a file of at most a mebibyte.
Result<MatchPolicy> LoadMatchPolicy(const std::filesystem::path& path);

}  // namespace tally
