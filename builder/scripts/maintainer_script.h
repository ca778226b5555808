// Maintainer scripts as text: what debhelper generated, and what somebody wrote
// by hand. Not a shell interpreter. Rules: docs/maintainer-scripts.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "common/digest.h"

namespace tally {

// Bounds on one script.
inline constexpr size_t kMaxScriptBytes = 256 << 10;

// ScriptBlock is what stands between "# Automatically added by TOOL/VERSION"
// and "# End automatically added section".
struct ScriptBlock {
  std::string tool;       // "dh_installsystemd"
  std::string version;    // "13.11.4"
  size_t first_line = 0;  // number of the first line of `text`
  std::string text;       // each line ends in '\n'
};

// ScriptLine is a line of the residue, numbered from 1 in the script.
struct ScriptLine {
  size_t number = 0;
  std::string text;
};

struct MaintainerScript {
  bool is_shell = false;
  std::vector<ScriptBlock> blocks;
  // What is left when the blocks and everything that does nothing are gone:
  // shebang, comments, empty lines, `set -e`, a final `exit 0`, a `case` whose
  // branches are empty. A script that is not shell is all residue.
  std::vector<ScriptLine> residue;
  // Digest of the residue, in which "#DEBHELPER#" stands for blocks, and
  // "#VERSION#" for the package's version where that is a whole word in double
  // quotes; of the whole file if it is not shell.
  Sha256Digest residue_sha256;
};

// CutMaintainerScript is conservative: comments in here-documents and strings
// stay, and a text whose quotes or sections are not clear is an InputError
// "line N: …".
Result<MaintainerScript> CutMaintainerScript(ByteSpan script,
                                             std::string_view version);

}  // namespace tally
