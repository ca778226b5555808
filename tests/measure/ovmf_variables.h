// The variables of Debian's OVMF.
#pragma once

#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "common/process.h"
#include "tests/support/test_files.h"

namespace tally::test {

// The size of OVMF's configuration volume.
inline constexpr uint64_t kCfvBytes = 0x84000;

// DebianVariableStore is Debian's OVMF_VARS_4M.fd, or nothing if that or gzip
// is missing.
inline std::optional<Bytes> DebianVariableStore() {
  const auto path = SharedVector("tdx/debian-ovmf-vars/OVMF_VARS_4M.fd.gz");
  const auto gzip = FindProgram("gzip");
  if (!path || !gzip) return std::nullopt;
  const auto output =
      RunTool({.program = *gzip, .args = {"-dc", path->string()}});
  if (!output || output->exit_status != 0) return std::nullopt;
  return ToBytes(AsBytes(output->stdout_text));
}

}  // namespace tally::test
