#include <gtest/gtest.h>

#include "tests/cli/script.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

// Scripts is one test per file of tests/cli/scripts.
class Scripts : public testing::TestWithParam<std::string> {};

std::vector<std::string> ScriptNames() {
  std::vector<std::string> names;
  const Result<std::vector<std::string>> files =
      ListFiles(test::SourcePath("tests/cli/scripts"));
  for (const std::string& file : *files) {
    if (file.ends_with(".txt"))
      names.push_back(file.substr(0, file.size() - 4));
  }
  return names;
}

TEST_P(Scripts, DoesWhatItSays) {
  for (const char* program : {"gpg", "gpgv", "dpkg-deb", "xz"}) {
    if (!FindProgram(program)) GTEST_SKIP() << "not installed: " << program;
  }
  test::RunScript(test::SourcePath("tests/cli/scripts/" + GetParam() + ".txt"));
}

INSTANTIATE_TEST_SUITE_P(All, Scripts, testing::ValuesIn(ScriptNames()),
                         [](const auto& param) {
                           std::string name = param.param;
                           for (char& c : name) {
                             if (c == '-') c = '_';
                           }
                           return name;
                         });

}  // namespace
}  // namespace tally
