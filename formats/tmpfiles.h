// Lines of tmpfiles.d(5), as systemd 252 reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/bytes.h"
#include "common/result.h"

namespace tally {

struct TmpfilesMode {
  unsigned mode = 0;
  bool is_masked = false;      // "~": limited by the bits that are there
  bool only_when_new = false;  // ":": what exists keeps its mode
  bool operator==(const TmpfilesMode&) const = default;
};

// TmpfilesOwner is a name, or a number if the name is empty.
struct TmpfilesOwner {
  std::string name;
  uint32_t id = 0;
  bool only_when_new = false;  // ":"
  bool operator==(const TmpfilesOwner&) const = default;
};

struct TmpfilesLine {
  size_t line = 0;  // in its file, from 1
  char type = 'd';  // 'F' is read as "f+"

  // Modifiers.
  bool plus = false;              // "+": replace, append
  bool boot_only = false;         // "!"
  bool may_fail = false;          // "-"
  bool replace_other = false;     // "=": remove what is of another type
  bool is_base64 = false;         // "~": `argument` is decoded already
  bool from_credential = false;   // "^": `argument` names it
  bool if_target_exists = false;  // "?", of 'L' only

  // Absolute and normal, "/" for the root.
  std::string path;
  std::optional<TmpfilesMode> mode;
  std::optional<TmpfilesOwner> user;
  std::optional<TmpfilesOwner> group;
  std::string age;  // checked, not used
  // Without escapes where the type has them; empty if there is none.
  std::string argument;
  std::vector<std::pair<std::string, Bytes>> xattrs;  // of types 't' and 'T'

  // The first specifier whose value only the running system knows ("%b").
  // `path` and `argument` are then not meaningful.
  std::string boot_specifier;

  bool operator==(const TmpfilesLine&) const = default;
};

// ParseTmpfilesLine reads one line. Specifiers that have one value in every
// system instance (%% %C %g %G %h %L %S %t %T %u %U %V) are replaced.
Result<TmpfilesLine> ParseTmpfilesLine(std::string_view line);

// ParseTmpfiles reads a file; errors begin with `where` and the line:
// "'/usr/lib/tmpfiles.d/x.conf' line 3: found …, expected …".
Result<std::vector<TmpfilesLine>> ParseTmpfiles(std::string_view text,
                                                std::string_view where);

// TakesGlob says whether a line of this type takes a pattern for a path.
bool TakesGlob(char type);

}  // namespace tally
