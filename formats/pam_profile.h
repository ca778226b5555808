// PAM profiles of /usr/share/pam-configs, and the stacks that pam-auth-update
// puts together from them.
//
// Follows debian/local/pam-auth-update of pam 1.5.2-6 (Debian 12), the tool and
// its only specification: pam-auth-update(8).
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace tally {

// PamProfile is one file. Field values keep the lines of the file, trimmed and
// joined by newlines.
struct PamProfile {
  std::string file;  // base name, which is the profile's name
  int64_t priority = 0;
  bool is_default = false;          // "Default: yes"
  std::set<std::string> conflicts;  // files of others
  // "Auth", "Auth-Type", "Auth-Initial", …, without the three above.
  std::map<std::string, std::string> fields;
  // It names a module that is gone (pam_tally): as if it were not there.
  bool disabled = false;

  bool operator==(const PamProfile&) const = default;
};

// ParsePamProfile reads one profile. Text before the first field, a priority
// that is no number, NUL and more than 64 KiB are InputErrors.
Result<PamProfile> ParsePamProfile(std::string_view text,
                                   std::string_view file);

// PamStack is one of the files /etc/pam.d/common-*.
enum class PamStack {
  kAccount,
  kAuth,
  kPassword,
  kSession,
  kSessionNoninteractive,
};

// PamStackName returns "session-noninteractive".
std::string_view PamStackName(PamStack stack);

// EnabledPamProfiles returns the profiles that are on by default, the highest
// priority first and then by name, backwards; without those that one of higher
// priority conflicts with.
std::vector<PamProfile> EnabledPamProfiles(std::vector<PamProfile> profiles);

// WritePamStack fills the template common-<stack> with the profiles, in their
// order. An InputError names what is wrong with a line of a profile, or the
// marker that the template lacks.
Result<std::string> WritePamStack(PamStack stack, std::string_view text,
                                  std::span<const PamProfile> enabled);

}  // namespace tally
