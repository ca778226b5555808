// RunTool: the one way to start a program.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/bytes.h"

namespace tally {

// Tool says everything about a program run; nothing is inherited.
struct Tool {
  std::filesystem::path program;  // absolute
  std::vector<std::string> args;  // without argv[0]
  std::map<std::string, std::string> env;
  std::filesystem::path cwd = "/";
  std::string stdin_text;                // empty: stdin is closed
  unsigned max_seconds = 0;              // 0: as long as it takes
  uint64_t max_output_bytes = 16 << 20;  // of each of stdout and stderr
};

struct ToolOutput {
  int exit_status = 0;
  std::string stdout_text;
  std::string stderr_text;
};

// RunTool runs the program, both pipes drained together, and waits. A program
// that cannot be started, is ended by a signal, prints too much or takes too
// long (it is killed then, with all that it started) is a ToolError that shows
// the command line and the tail of stderr. A non-zero exit status is not an
// error here: see RequireSuccess.
Result<ToolOutput> RunTool(const Tool& tool);

// RequireSuccess turns a non-zero exit status into a ToolError.
Status RequireSuccess(const Tool& tool, const ToolOutput& output);

// FindProgram returns the absolute path of `name`, looked up in the fixed list
// /usr/bin, /bin, /usr/sbin, /sbin, /usr/local/bin.
Result<std::filesystem::path> FindProgram(const std::string& name);

// ShellQuoted returns the command line in a form that can be pasted to a shell.
std::string ShellQuoted(const Tool& tool);

}  // namespace tally
