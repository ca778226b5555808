// Debian version numbers and dependency relations (Debian policy 4.6, sections
// 5.6.12 and 7.1).
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace tally {

// CheckVersion says whether `version` is a well-formed version number of at
// most 256 characters.
Status CheckVersion(std::string_view version);

// CompareVersions orders two version numbers as dpkg does. Both should be
// well-formed; of others it gives some order, always the same.
std::strong_ordering CompareVersions(std::string_view a, std::string_view b);

enum class VersionRelation {
  kAny,
  kLess,
  kLessEqual,
  kEqual,
  kGreaterEqual,
  kGreater
};

// Relation is one alternative: "libc6:any (>= 2.36) [amd64]". It points into
// the text that was parsed.
struct Relation {
  std::string_view package;
  std::string_view qualifier;  // "any", an architecture, or empty
  VersionRelation relation = VersionRelation::kAny;
  std::string_view version;
  // "[amd64 !arm64]", with the '!'; empty means every architecture.
  std::vector<std::string_view> architectures;
};

// Alternatives is "a | b | c".
using Alternatives = std::vector<Relation>;

// ParseRelations parses the value of Depends, Conflicts, Provides and their
// kind: at most 10000 alternatives. Build profiles ("<!nocheck>") are refused:
// binary packages have none. The empty text is no relation at all.
Result<std::vector<Alternatives>> ParseRelations(std::string_view text);

// Satisfies says whether `version` fulfils the relation. The name is not looked
// at. An empty `version` (an unversioned Provides) fulfils kAny alone.
bool Satisfies(std::string_view version, const Relation& relation);

// AppliesTo says whether the relation's list of architectures includes
// `architecture`; wildcards such as "linux-any" and "any-amd64" count.
bool AppliesTo(const Relation& relation, std::string_view architecture);

// FormatRelation and FormatAlternatives return canonical text, "a (>= 1) | b".
std::string FormatRelation(const Relation& relation);
std::string FormatAlternatives(const Alternatives& alternatives);

}  // namespace tally
