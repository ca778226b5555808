// What git knows about a directory beside the manifest.
#include <algorithm>

#include "builder/sources/directory.h"
#include "common/process.h"
#include "common/text.h"

namespace tally {
namespace {

// Nothing of the user's configuration counts, no hook runs, nothing is written.
Tool Git(const fs::path& program, const fs::path& directory,
         std::vector<std::string> args) {
  args.insert(args.begin(),
              {"--no-optional-locks", "-c", "core.fsmonitor=false", "-c",
               "core.quotePath=off", "-C", directory.string()});
  return {.program = program,
          .args = std::move(args),
          .env = {{"LC_ALL", "C"},
                  {"HOME", "/nonexistent"},
                  {"GIT_CONFIG_NOSYSTEM", "1"},
                  {"GIT_CONFIG_GLOBAL", "/dev/null"}}};
}

// RunsPrograms says whether the repository's own configuration names programs
// that `git status` would run: filters, on files that may be modified. Who
// unpacked a directory of somebody else's has not agreed to run them.
Result<bool> RunsPrograms(const fs::path& git, const fs::path& directory) {
  TALLY_ASSIGN(
      const ToolOutput names,
      RunTool(Git(git, directory, {"config", "--list", "--name-only", "-z"})));
  if (names.exit_status != 0) return true;
  const std::vector<std::string> keys = Split(names.stdout_text, '\0');
  return std::ranges::any_of(
      keys, [](const std::string& key) { return key.starts_with("filter."); });
}

std::string Meaning(std::string_view status) {
  if (status == "??") return "untracked";
  if (status == "!!") return "ignored";
  return "modified";
}

}  // namespace

Result<std::vector<std::string>> FindUncommitted(const fs::path& directory) {
  const Result<fs::path> git = FindProgram("git");
  std::error_code error;
  const fs::path absolute = fs::absolute(directory, error);
  if (!git || error) return std::vector<std::string>{};
  TALLY_ASSIGN(
      const ToolOutput inside,
      RunTool(Git(*git, absolute, {"rev-parse", "--is-inside-work-tree"})));
  if (inside.exit_status != 0) {
    // A repository of another user is one that git does not read.
    if (inside.stderr_text.find("dubious ownership") == std::string::npos) {
      return std::vector<std::string>{};
    }
    return std::vector<std::string>{
        "git does not say: the repository belongs to another user"};
  }
  TALLY_ASSIGN(const bool runs_programs, RunsPrograms(*git, absolute));
  if (runs_programs) {
    return std::vector<std::string>{
        "git does not say: the repository's configuration has filters, which "
        "are programs"};
  }
  // Of submodules, which have a configuration of their own, only the commit.
  TALLY_ASSIGN(
      const ToolOutput status,
      RunTool(Git(*git, absolute,
                  {"status", "--porcelain=v1", "-z", "--untracked-files=all",
                   "--ignored=matching", "--no-renames",
                   "--ignore-submodules=dirty", "--", "."})));
  if (status.exit_status != 0) {
    return std::vector<std::string>{
        "git does not say: " + Quote(Trim(status.stderr_text.substr(0, 200)))};
  }
  std::vector<std::string> lines;
  for (const std::string& line : Split(status.stdout_text, '\0')) {
    if (line.size() < 4) continue;
    lines.push_back(Meaning(line.substr(0, 2)) + " " + Quote(line.substr(3)));
  }
  return lines;
}

}  // namespace tally
