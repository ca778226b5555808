// Lines of sysusers.d(5), as systemd 252 reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace tally {

enum class SysusersType {
  kUser,    // u, u!
  kGroup,   // g
  kMember,  // m
  kRange,   // r
};

struct SysusersLine {
  SysusersType type = SysusersType::kUser;
  size_t line = 0;  // in its file, from 1
  std::string name;
  bool is_expired = false;  // "u!": the account can never be used
  // The number of the user or group, if the line fixes it.
  std::optional<uint32_t> id;
  // Primary group of a user, as number or as name; neither: a group of the
  // user's own name. For kMember the name of the group.
  std::optional<uint32_t> gid;
  std::string group;
  std::string comment;
  std::string home;   // empty: not said
  std::string shell;  // empty: not said
  // Of kRange, both inclusive.
  uint32_t range_first = 0;
  uint32_t range_last = 0;

  bool operator==(const SysusersLine&) const = default;
};

// ParseSysusersLine reads one line. An id that is a path is refused, because it
// asks for the owner of a file of the machine that builds; so is every
// specifier but "%%".
Result<SysusersLine> ParseSysusersLine(std::string_view line);

// ParseSysusers reads a file; errors begin with `where` and the line:
// "'/usr/lib/sysusers.d/x.conf' line 3: found …, expected …".
Result<std::vector<SysusersLine>> ParseSysusers(std::string_view text,
                                                std::string_view where);

}  // namespace tally
