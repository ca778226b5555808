// Native actions: what is done in place of a maintainer script. The lock lists
// them as text, one line each; the generators of builder/generate do them.
// Vocabulary: docs/maintainer-scripts.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace tally {

enum class ActionKind {
  kLdconfig,        // "ldconfig": the image needs /etc/ld.so.cache
  kCaCertificates,  // "ca-certificates": bundle and hash links
  kPamAuthUpdate,   // "pam-auth-update": /etc/pam.d/common-*
  kSysusers,        // "sysusers LINE": a line of sysusers.d(5)
  kTmpfiles,        // "tmpfiles LINE": a line of tmpfiles.d(5)
  kEnable,          // "enable UNIT": unless a preset or the manifest differs
  kEnableUser,      // "enable-user UNIT": the same for user units
  kAlternative,     // "alternative LINK NAME PATH PRIORITY [slave LINK NAME
                    // PATH]...": as update-alternatives --install
  kCapability,      // "capability PATH TEXT": as setcap TEXT PATH
  kAddShell,        // "add-shell PATH": a line of /etc/shells
  kNss,             // "nss DATABASE POSITION SERVICE...": put SERVICE... into
                    // a line of /etc/nsswitch.conf; POSITION is first, last,
                    // before=OTHER or after=OTHER
};

struct Action {
  ActionKind kind = ActionKind::kLdconfig;
  std::string argument;  // the text behind the verb; empty for some
  std::string package;   // whose script it replaces

  bool operator==(const Action&) const = default;
};

// ParseAction refuses unknown verbs (suggesting the nearest), missing or
// superfluous arguments, paths that are not absolute and normal, anything but
// printable ASCII, and more than 4096 bytes. The argument of sysusers and
// tmpfiles is checked by whoever reads such lines.
Result<Action> ParseAction(std::string_view text);

// FormatAction returns what ParseAction takes; the package is not part of it.
std::string FormatAction(const Action& action);

// Words cuts an argument at single spaces.
std::vector<std::string> Words(std::string_view argument);

}  // namespace tally
