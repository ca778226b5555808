#include "builder/catalog.h"

#include <algorithm>
#include <tuple>

#include "builder/release_file.h"
#include "common/text.h"
#include "formats/deb822.h"

namespace tally {
namespace {

// The names in a Provides field, quickly and without a verdict on its form:
// whoever needs the relation parses it.
template <typename Visit>
void ForEachProvidedName(std::string_view provides, Visit visit) {
  while (!provides.empty()) {
    const size_t end = std::min(provides.find(','), provides.size());
    const std::string_view item = Trim(provides.substr(0, end));
    const std::string_view name =
        item.substr(0, std::min(item.find_first_of(" \t\r\n(:["), item.size()));
    if (!name.empty()) visit(name);
    provides.remove_prefix(std::min(end + 1, provides.size()));
  }
}

// Policy 5.6.1, and no longer than a file name can be.
bool IsPackageName(std::string_view name) {
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  return name.size() >= 2 && name.size() <= 200 && alphanumeric(name[0]) &&
         std::ranges::all_of(name, [&](char c) {
           return alphanumeric(c) || c == '+' || c == '-' || c == '.';
         });
}

Result<PackageFacts> ReadFacts(const BinaryPackage& package) {
  if (!IsPackageName(package.name)) {
    return InputError("found " + Quote(package.name.substr(0, 200)) +
                      ", expected a package name");
  }
  TALLY_TRY(CheckVersion(package.version));
  if (!IsArchivePath(package.filename)) {
    return InputError("found Filename " +
                      Quote(package.filename.substr(0, 200)) +
                      ", expected a path in the archive");
  }
  PackageFacts facts{.path = std::string(package.filename)};
  TALLY_ASSIGN(facts.size_bytes, ParseUnsigned(package.size));
  TALLY_ASSIGN(facts.sha256, Sha256Digest::FromHex(package.sha256));
  facts.source = package.name;
  facts.source_version = package.version;
  if (package.source.empty()) return facts;
  // "name" or "name (version)" (policy 5.6.1).
  const std::vector<std::string_view> words = SplitWords(package.source);
  const bool has_version =
      words.size() == 2 && words[1].starts_with('(') && words[1].ends_with(')');
  if (!IsPackageName(words[0]) || (words.size() != 1 && !has_version)) {
    return InputError("found Source " + Quote(package.source.substr(0, 200)) +
                      ", expected 'name (version)'");
  }
  facts.source = words[0];
  if (has_version) {
    facts.source_version = words[1].substr(1, words[1].size() - 2);
    TALLY_TRY(CheckVersion(facts.source_version));
  }
  return facts;
}

}  // namespace

Status ParsePackages(std::string_view subject, std::string_view text,
                     std::string_view architecture, SuiteIndex& index) {
  Deb822Reader reader(subject, text);
  Deb822Paragraph paragraph;
  while (true) {
    TALLY_ASSIGN(const bool more, reader.Next(paragraph));
    if (!more) return Ok();
    BinaryPackage package = {
        .name = paragraph.Value("Package"),
        .version = paragraph.Value("Version"),
        .architecture = paragraph.Value("Architecture"),
        .multi_arch = paragraph.Value("Multi-Arch"),
        .source = paragraph.Value("Source"),
        .filename = paragraph.Value("Filename"),
        .size = paragraph.Value("Size"),
        .sha256 = paragraph.Value("SHA256"),
        .pre_depends = paragraph.Value("Pre-Depends"),
        .depends = paragraph.Value("Depends"),
        .conflicts = paragraph.Value("Conflicts"),
        .breaks = paragraph.Value("Breaks"),
        .provides = paragraph.Value("Provides"),
    };
    for (const char* name : {"Package", "Version", "Architecture"}) {
      if (paragraph.Value(name).empty()) {
        return InputError(std::string(subject) + ":" +
                          std::to_string(paragraph.line()) +
                          ": found no field '" + name + "'");
      }
    }
    if (package.architecture == architecture || package.architecture == "all") {
      index.packages.push_back(package);
    }
  }
}

std::string ToString(const Candidate& candidate) {
  return std::string(candidate.package->name) + " " +
         std::string(candidate.package->version) + " (" +
         candidate.suite->suite + ")";
}

Catalog::Catalog(std::span<const SuiteIndex> suites) : suites_(suites) {
  size_t count = 0;
  for (const SuiteIndex& suite : suites) count += suite.packages.size();
  candidates_.reserve(count);
  for (const SuiteIndex& suite : suites) {
    for (const BinaryPackage& package : suite.packages) {
      candidates_.push_back({&package, &suite});
      ForEachProvidedName(package.provides, [&](std::string_view name) {
        provided_.push_back({name, package.name});
      });
    }
  }
  std::ranges::sort(candidates_, [](const Candidate& a, const Candidate& b) {
    const BinaryPackage& x = *a.package;
    const BinaryPackage& y = *b.package;
    if (x.name != y.name) return x.name < y.name;
    if (x.locked != y.locked) return x.locked;
    // Suites lie in one array, in order of preference.
    if (a.suite != b.suite) return a.suite < b.suite;
    const auto order = CompareVersions(x.version, y.version);
    if (order != 0) return order > 0;
    return std::tie(x.version, x.architecture, x.filename, x.sha256) <
           std::tie(y.version, y.architecture, y.filename, y.sha256);
  });
  std::ranges::sort(provided_);
  provided_.erase(std::unique(provided_.begin(), provided_.end()),
                  provided_.end());
}

std::span<const Candidate> Catalog::Find(std::string_view name) const {
  const auto name_of = [](const Candidate& c) { return c.package->name; };
  const auto begin = std::ranges::lower_bound(candidates_, name, {}, name_of);
  const auto end = std::ranges::upper_bound(candidates_, name, {}, name_of);
  return {begin, end};
}

std::vector<std::string_view> Catalog::Providers(std::string_view name) const {
  std::vector<std::string_view> names;
  for (auto at = std::ranges::lower_bound(provided_, name, {}, &Provided::name);
       at != provided_.end() && at->name == name; ++at) {
    names.push_back(at->by);
  }
  return names;
}

std::optional<std::string> Catalog::Nearest(std::string_view name) const {
  std::vector<std::string> names;
  for (const Candidate& candidate : candidates_) {
    const std::string_view known = candidate.package->name;
    if (names.empty() || names.back() != known) names.emplace_back(known);
  }
  return NearestName(name, names);
}

Result<PackageFacts> FactsOf(const Candidate& candidate) {
  Result<PackageFacts> facts = ReadFacts(*candidate.package);
  if (!facts) {
    return std::move(facts).error().While(
        "reading the facts of package " +
        Quote(candidate.package->name.substr(0, 200)) + " in suite " +
        Quote(candidate.suite->suite));
  }
  return facts;
}

}  // namespace tally
