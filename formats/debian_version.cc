#include "formats/debian_version.h"

#include <algorithm>
#include <array>

#include "common/text.h"
#include "formats/deb822.h"
#include "formats/digits.h"

namespace tally {
namespace {

constexpr size_t kMaxVersionBytes = 256;
constexpr size_t kMaxPackageNameBytes = 256;
constexpr size_t kMaxAlternatives = 10000;

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// VersionParts is [epoch:]upstream[-revision].
struct VersionParts {
  std::string_view epoch;
  std::string_view upstream;
  std::string_view revision;
};
VersionParts SplitVersion(std::string_view version) {
  VersionParts parts;
  if (const size_t colon = version.find(':'); colon != version.npos) {
    parts.epoch = version.substr(0, colon);
    version.remove_prefix(colon + 1);
  }
  parts.upstream = version;
  if (const size_t hyphen = version.rfind('-'); hyphen != version.npos) {
    parts.upstream = version.substr(0, hyphen);
    parts.revision = version.substr(hyphen + 1);
  }
  return parts;
}

// Rank orders the characters of a non-digit part: '~' before the end of the
// part, then letters, then all else (policy 5.6.12).
int Rank(std::string_view text, size_t at) {
  if (at >= text.size() || IsDigit(text[at])) return 0;
  if (text[at] == '~') return -1;
  if (IsLetter(text[at])) return text[at];
  return static_cast<unsigned char>(text[at]) + 256;
}

std::string_view TakeDigits(std::string_view& text) {
  size_t size = 0;
  while (size < text.size() && IsDigit(text[size])) ++size;
  std::string_view digits = text.substr(0, size);
  text.remove_prefix(size);
  // Compared as text of equal length: no number is too large.
  while (!digits.empty() && digits[0] == '0') digits.remove_prefix(1);
  return digits;
}

std::strong_ordering CompareNumbers(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a <=> b;
}

std::strong_ordering CompareParts(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    size_t at = 0;
    while (Rank(a, at) != 0 || Rank(b, at) != 0) {
      const int rank_a = Rank(a, at);
      const int rank_b = Rank(b, at);
      if (rank_a != rank_b) return rank_a <=> rank_b;
      ++at;
    }
    a.remove_prefix(at);
    b.remove_prefix(at);
    const std::string_view digits_a = TakeDigits(a);
    const std::string_view digits_b = TakeDigits(b);
    const auto order = CompareNumbers(digits_a, digits_b);
    if (order != 0) return order;
  }
  return std::strong_ordering::equal;
}

struct RelationName {
  std::string_view text;
  VersionRelation relation;
};
// Policy 7.1. The deprecated "<" and ">" mean "<=" and ">=": they are refused
// rather than misread.
constexpr std::array<RelationName, 5> kRelationNames = {{
    {"<<", VersionRelation::kLess},
    {"<=", VersionRelation::kLessEqual},
    {"=", VersionRelation::kEqual},
    {">=", VersionRelation::kGreaterEqual},
    {">>", VersionRelation::kGreater},
}};

// RelationParser consumes one relation from the front of `rest`.
class RelationParser {
 public:
  explicit RelationParser(std::string_view rest) : rest_(rest) {}

  Result<std::vector<Alternatives>> All();

 private:
  Result<Relation> One();
  Status Version(Relation& relation);
  Status Architectures(Relation& relation);
  std::string_view Word(std::string_view more_characters);
  bool Take(char c);
  void SkipSpace();
  Error Fail(std::string_view expected) const;

  std::string_view rest_;
};

Result<std::vector<Alternatives>> RelationParser::All() {
  std::vector<Alternatives> groups;
  size_t count = 0;
  SkipSpace();
  while (!rest_.empty()) {
    groups.emplace_back();
    do {
      if (++count > kMaxAlternatives) {
        return InputError("relations have more than 10000 alternatives");
      }
      TALLY_ASSIGN(Relation relation, One());
      groups.back().push_back(std::move(relation));
    } while (Take('|'));
    if (rest_.empty()) break;
    // A comma at the very end occurs in hand-written control files.
    if (!Take(',')) return Fail("',' or '|'");
  }
  return groups;
}

Result<Relation> RelationParser::One() {
  Relation relation;
  SkipSpace();
  relation.package = Word("+-.");
  if (relation.package.empty()) return Fail("a package name");
  if (Take(':')) {
    relation.qualifier = Word("-");
    if (relation.qualifier.empty()) return Fail("an architecture");
  }
  SkipSpace();
  if (Take('(')) TALLY_TRY(Version(relation));
  if (Take('[')) TALLY_TRY(Architectures(relation));
  return relation;
}

Status RelationParser::Version(Relation& relation) {
  SkipSpace();
  const size_t size = std::min(rest_.find_first_not_of("<=>"), rest_.size());
  const auto* name = std::ranges::find(kRelationNames, rest_.substr(0, size),
                                       &RelationName::text);
  if (name == kRelationNames.end()) return Fail("one of << <= = >= >>");
  relation.relation = name->relation;
  rest_.remove_prefix(size);
  SkipSpace();
  relation.version = Word("+-.~:");
  TALLY_TRY(CheckVersion(relation.version));
  SkipSpace();
  if (!Take(')')) return Fail("')'");
  return Ok();
}

Status RelationParser::Architectures(Relation& relation) {
  SkipSpace();
  while (!Take(']')) {
    const std::string_view start = rest_;
    const bool negated = !rest_.empty() && rest_[0] == '!';
    if (negated) rest_.remove_prefix(1);
    const std::string_view name = Word("-");
    if (name.empty()) return Fail("an architecture");
    relation.architectures.push_back(
        start.substr(0, name.size() + (negated ? 1 : 0)));
    if (relation.architectures.size() > kMaxAlternatives) {
      return InputError("relation has more than 10000 architectures");
    }
    SkipSpace();
  }
  return Ok();
}

std::string_view RelationParser::Word(std::string_view more_characters) {
  size_t size = 0;
  while (size < rest_.size() && size < kMaxPackageNameBytes &&
         (IsDigit(rest_[size]) || IsLetter(rest_[size]) ||
          more_characters.find(rest_[size]) != std::string_view::npos)) {
    ++size;
  }
  const std::string_view word = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return word;
}

bool RelationParser::Take(char c) {
  if (rest_.empty() || rest_[0] != c) return false;
  rest_.remove_prefix(1);
  SkipSpace();
  return true;
}

void RelationParser::SkipSpace() {
  rest_.remove_prefix(
      std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
}

Error RelationParser::Fail(std::string_view expected) const {
  const std::string found =
      rest_.empty() ? "the end" : Quote(rest_.substr(0, 20));
  return InputError("found " + found + ", expected " + std::string(expected));
}

std::string_view RelationText(VersionRelation relation) {
  for (const RelationName& name : kRelationNames) {
    if (name.relation == relation) return name.text;
  }
  return {};
}

// A wildcard is "any", "linux-any" (any CPU) or "any-amd64" (any kernel).
// Debian's own names without a kernel, "amd64", mean linux.
bool ArchitectureMatches(std::string_view pattern,
                         std::string_view architecture) {
  if (pattern == "any" || pattern == architecture) return true;
  const bool linux = architecture.find('-') == std::string_view::npos;
  if (pattern == "linux-any") return linux;
  if (!pattern.starts_with("any-")) return false;
  const std::string_view cpu = architecture.substr(architecture.rfind('-') + 1);
  return pattern.substr(4) == cpu;
}

}  // namespace

Status CheckVersion(std::string_view version) {
  const VersionParts parts = SplitVersion(version);
  const auto allowed = [](char c) {
    return IsDigit(c) || IsLetter(c) ||
           std::string_view("+-.~:").find(c) != std::string_view::npos;
  };
  const bool has_epoch = version.find(':') != std::string_view::npos;
  const bool good = version.size() <= kMaxVersionBytes &&
                    std::ranges::all_of(version, allowed) &&
                    has_epoch == !parts.epoch.empty() &&
                    std::ranges::all_of(parts.epoch, IsDigit) &&
                    parts.epoch.size() <= 9 && !parts.upstream.empty() &&
                    !version.ends_with('-');
  if (good) return Ok();
  return InputError("found " + Quote(version.substr(0, kMaxVersionBytes)) +
                    ", expected a Debian version");
}

std::strong_ordering CompareVersions(std::string_view a, std::string_view b) {
  const VersionParts parts_a = SplitVersion(a);
  const VersionParts parts_b = SplitVersion(b);
  auto order = CompareParts(parts_a.epoch, parts_b.epoch);
  if (order == 0) order = CompareParts(parts_a.upstream, parts_b.upstream);
  if (order == 0) order = CompareParts(parts_a.revision, parts_b.revision);
  return order;
}

Result<std::vector<Alternatives>> ParseRelations(std::string_view text) {
  return RelationParser(text).All();
}

bool Satisfies(std::string_view version, const Relation& relation) {
  if (relation.relation == VersionRelation::kAny) return true;
  if (version.empty()) return false;
  const auto order = CompareVersions(version, relation.version);
  switch (relation.relation) {
    case VersionRelation::kAny:
      return true;
    case VersionRelation::kLess:
      return order < 0;
    case VersionRelation::kLessEqual:
      return order <= 0;
    case VersionRelation::kEqual:
      return order == 0;
    case VersionRelation::kGreaterEqual:
      return order >= 0;
    case VersionRelation::kGreater:
      return order > 0;
  }
  return false;
}

bool AppliesTo(const Relation& relation, std::string_view architecture) {
  if (relation.architectures.empty()) return true;
  // A list is all positive or all negative (policy 7.1); a mixed one is read as
  // dpkg does, by its last match.
  bool applies = relation.architectures[0].starts_with('!');
  for (std::string_view pattern : relation.architectures) {
    const bool negated = pattern.starts_with('!');
    if (negated) pattern.remove_prefix(1);
    if (ArchitectureMatches(pattern, architecture)) applies = !negated;
  }
  return applies;
}

std::string FormatRelation(const Relation& relation) {
  std::string text(relation.package);
  if (!relation.qualifier.empty()) {
    text += ":" + std::string(relation.qualifier);
  }
  if (relation.relation != VersionRelation::kAny) {
    text += " (" + std::string(RelationText(relation.relation)) + " " +
            std::string(relation.version) + ")";
  }
  for (size_t i = 0; i < relation.architectures.size(); ++i) {
    text += (i == 0 ? " [" : " ") + std::string(relation.architectures[i]);
  }
  if (!relation.architectures.empty()) text += "]";
  return text;
}

std::string FormatAlternatives(const Alternatives& alternatives) {
  std::string text;
  for (const Relation& relation : alternatives) {
    if (!text.empty()) text += " | ";
    text += FormatRelation(relation);
  }
  return text;
}

}  // namespace tally
