// Compressed vectors.
#pragma once

#include <string>

#include "common/file.h"
#include "common/process.h"

namespace tally::test {

// Gunzip returns what a .gz file holds. It runs gzip: the tests have no
// decompressor of their own.
inline Result<std::string> Gunzip(const fs::path& path) {
  TALLY_ASSIGN(const fs::path gzip, FindProgram("gzip"));
  const Tool tool{.program = gzip,
                  .args = {"-dc", path.string()},
                  .max_output_bytes = uint64_t{8} << 20};
  TALLY_ASSIGN(ToolOutput output, RunTool(tool));
  TALLY_TRY(RequireSuccess(tool, output));
  return std::move(output.stdout_text);
}

}  // namespace tally::test
