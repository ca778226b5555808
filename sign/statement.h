// in-toto Statement v1 with a SLSA Provenance v1 predicate: which inputs became
// which files. See docs/formats/provenance.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/digest.h"
#include "common/result.h"

namespace tally {

inline constexpr std::string_view kStatementType =
    "https://in-toto.io/Statement/v1";
inline constexpr std::string_view kProvenanceType =
    "https://slsa.dev/provenance/v1";
// kImageBuildType names the meaning of the parameters below.
inline constexpr std::string_view kImageBuildType =
    "https://tallystick.dev/buildtypes/image/v1";
// kLocalBuilderId is a builder that claims nothing about itself: whoever holds
// the key answers for it.
inline constexpr std::string_view kLocalBuilderId =
    "urn:tallystick:builder:local";

// Subject is a file of the release.
struct Subject {
  std::string name;
  Sha256Digest sha256;
  std::optional<Sha384Digest> sha384;

  bool operator==(const Subject&) const = default;
};

// BuildParameters are all that a rebuilder needs besides the pinned inputs. Two
// builds with equal parameters must have equal subjects.
struct BuildParameters {
  std::string name;
  std::string version;
  std::string architecture;
  Sha256Digest manifest_sha256;
  Sha256Digest lock_sha256;
  uint64_t format_epoch = 0;

  bool operator==(const BuildParameters&) const = default;
};

// ResolvedDependency is one pinned input.
struct ResolvedDependency {
  std::string name;  // of a file in the archive, or beside the manifest
  std::string uri;   // purl
  Sha256Digest sha256;

  bool operator==(const ResolvedDependency&) const = default;
};

struct Provenance {
  std::vector<Subject> subjects;
  BuildParameters parameters;
  std::vector<ResolvedDependency> dependencies;
  std::string builder_id = std::string(kLocalBuilderId);
  std::string invocation_id;  // empty: none

  bool operator==(const Provenance&) const = default;
};

// FormatStatement returns the payload to sign: canonical JSON, subjects and
// dependencies sorted. InputError: text that is not UTF-8, an empty or repeated
// subject name, no subject, a builder id that is not a URI.
Result<std::string> FormatStatement(const Provenance& provenance);

// ParseStatement reads a statement of this build type. Unknown fields are
// refused wherever they could change what was built (statement, subjects,
// buildDefinition, externalParameters) and passed over in runDetails.
Result<Provenance> ParseStatement(std::string_view payload);

// CheckSubjects is a MismatchError that names the first subject (by name) that
// is missing, superfluous or different: the two sets must be equal.
Status CheckSubjects(const std::vector<Subject>& stated,
                     const std::vector<Subject>& expected);

}  // namespace tally
