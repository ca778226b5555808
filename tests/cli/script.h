// Scripts as tests of the command line: commands, what they must print and
// return, and their input files, in one text file. The format is described in
// tests/cli/scripts/README.md.
#pragma once

#include <string>

#include "common/file.h"

namespace tally::test {

// RunScript runs the script in a fresh directory and reports what differs
// through GoogleTest, with the line of the script.
void RunScript(const fs::path& script);

}  // namespace tally::test
