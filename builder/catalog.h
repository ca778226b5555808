// What the suites offer: the packages of their Packages files.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/digest.h"
#include "common/result.h"
#include "formats/debian_version.h"

namespace tally {

// BinaryPackage is one paragraph of a Packages file, unparsed: 64000 of them
// are read for the 100 that are used. It points into the file's text.
struct BinaryPackage {
  std::string_view name;
  std::string_view version;
  std::string_view architecture;
  std::string_view multi_arch;
  std::string_view source;
  std::string_view filename;
  std::string_view size;
  std::string_view sha256;
  std::string_view pre_depends;
  std::string_view depends;
  std::string_view conflicts;
  std::string_view breaks;
  std::string_view provides;
  // The lock that is there has this one, and it is to stay: it is preferred to
  // all others of its name.
  bool locked = false;
  // False for one that the suite's index no longer has: it is from the lock.
  bool listed = true;
};

// SuiteIndex is the packages of a suite, of all of its components.
struct SuiteIndex {
  std::string archive;
  std::string suite;
  std::vector<BinaryPackage> packages;
};

// ParsePackages appends the packages of `text` that can be installed on
// `architecture`. `subject` names the file in error text. `text` must outlive
// the packages.
Status ParsePackages(std::string_view subject, std::string_view text,
                     std::string_view architecture, SuiteIndex& index);

// Candidate is a package in its suite.
struct Candidate {
  const BinaryPackage* package = nullptr;
  const SuiteIndex* suite = nullptr;
};

// ToString returns "curl 7.88.1-10 (bookworm)".
std::string ToString(const Candidate& candidate);

// Catalog finds packages by name over all suites.
class Catalog {
 public:
  // The suites are in order of preference and must outlive the catalog.
  explicit Catalog(std::span<const SuiteIndex> suites);

  // Find returns the packages of a name: the locked one, then by suite, the
  // highest version first.
  std::span<const Candidate> Find(std::string_view name) const;
  // Providers returns the names of the packages that provide a virtual package,
  // sorted; whether with a fitting version is not looked at.
  std::vector<std::string_view> Providers(std::string_view name) const;
  // Nearest returns the known name closest to an unknown one, if any is close.
  std::optional<std::string> Nearest(std::string_view name) const;

  std::span<const SuiteIndex> suites() const { return suites_; }

 private:
  struct Provided {
    std::string_view name;
    std::string_view by;
    auto operator<=>(const Provided&) const = default;
  };
  std::span<const SuiteIndex> suites_;
  std::vector<Candidate> candidates_;
  std::vector<Provided> provided_;
};

// PackageFacts is what the lock says of a package, checked.
struct PackageFacts {
  std::string path;  // relative to the archive
  uint64_t size_bytes = 0;
  Sha256Digest sha256;
  std::string source;
  std::string source_version;
};
Result<PackageFacts> FactsOf(const Candidate& candidate);

}  // namespace tally
