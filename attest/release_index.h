// Release index: from measured values to the releases that publish them, for
// many releases at once.
//
// The file is JSON, one record a line, sorted by bytes, so that a look-up reads
// some twenty lines of a mapped file and not the file. Layout:
// docs/formats/release-index.md.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attest/published.h"

namespace tally {

// FormatReleaseIndex returns the index of the targets: the same text whatever
// their order. Registers without a value are left out.
std::string FormatReleaseIndex(std::span<const PublishedTarget> targets);

// IndexHit is a target that publishes some of the values.
struct IndexHit {
  PublishedTarget target;  // with the registers that are equal
  size_t num_published = 0;

  bool all_equal() const { return target.registers.size() == num_published; }
  bool operator==(const IndexHit&) const = default;
};

// How many hits a look-up returns at most, the best first. Values that more
// than kMaxIndexCandidates targets share are not looked through.
inline constexpr size_t kMaxIndexHits = 64;
inline constexpr size_t kMaxIndexCandidates = 4096;

// FindInReleaseIndex returns the targets of the platform that publish values of
// these registers, those with the most equal ones first, then by release and
// target. `index` is what FormatReleaseIndex wrote; only the lines that the
// search meets are checked, each strictly (InputError with the offset).
Result<std::vector<IndexHit>> FindInReleaseIndex(
    ByteSpan index, std::string_view platform,
    std::span<const AttestedRegister> registers);

}  // namespace tally
