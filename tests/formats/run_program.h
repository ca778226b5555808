// Runs a tool that the tests compare with.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/process.h"

namespace tally::test {

inline ToolOutput RunProgram(const std::filesystem::path& program,
                             std::vector<std::string> args) {
  const auto output = RunTool({.program = program,
                               .args = std::move(args),
                               .env = {{"LC_ALL", "C.UTF-8"}, {"TZ", "UTC"}}});
  EXPECT_TRUE(output) << output.error().ToString();
  return output ? *output : ToolOutput{.exit_status = -1};
}

}  // namespace tally::test
