#include "cli/published_release.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "common/hash.h"
#include "common/text.h"
#include "release/release.h"

namespace tally {
namespace {

constexpr uint64_t kMaxMeasurementsBytes = 64 << 20;
constexpr size_t kMaxDepth = 8;

Status AddReleases(const fs::path& directory, size_t depth,
                   std::vector<fs::path>* releases) {
  std::error_code error;
  const fs::file_type type = fs::status(directory, error).type();
  if (type == fs::file_type::not_found ||
      (!error && type != fs::file_type::directory)) {
    return InputError("no directory " + Quote(directory.string()));
  }
  if (!IsAbsent(directory / kReleaseJson)) {
    releases->push_back(directory);
    return Ok();
  }
  if (depth == kMaxDepth) return Ok();
  std::vector<fs::path> below;
  for (fs::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error)) {
    // A link may lead anywhere, or back.
    if (at->is_directory(error) && !at->is_symlink(error)) {
      below.push_back(at->path());
    }
  }
  if (error) {
    return ErrnoError("cannot list " + Quote(directory.string()),
                      error.value());
  }
  std::ranges::sort(below);
  for (const fs::path& path : below) {
    TALLY_TRY(AddReleases(path, depth + 1, releases));
  }
  return Ok();
}

}  // namespace

Result<std::vector<PublishedTarget>> LoadPublished(const fs::path& release) {
  TALLY_ASSIGN(const LoadedRelease loaded, LoadRelease(release));
  const auto listed = std::ranges::find(
      loaded.release.files, std::string(kMeasurementsJson), &ListedFile::name);
  if (listed == loaded.release.files.end()) {
    return InputError(Quote(release.string()) +
                      ": release.json names no measurements.json");
  }
  TALLY_ASSIGN(const std::string text, ReadTextFile(release / kMeasurementsJson,
                                                    kMaxMeasurementsBytes));
  const Sha256Digest found = Sha256(AsBytes(text));
  if (found != listed->sha256) {
    return DigestMismatch(Quote((release / kMeasurementsJson).string()) +
                              " is not the one that release.json names",
                          listed->sha256.hex(), found.hex());
  }
  Result<std::vector<PublishedTarget>> targets =
      ParseMeasurements(text, {.name = loaded.release.name,
                               .version = loaded.release.version,
                               .digest = loaded.digest});
  if (targets) return targets;
  return std::move(targets).error().While(
      "reading " + Quote((release / kMeasurementsJson).string()));
}

Result<std::vector<fs::path>> FindReleases(const fs::path& directory) {
  std::vector<fs::path> releases;
  TALLY_TRY(AddReleases(directory, 0, &releases));
  if (!releases.empty()) return releases;
  return InputError("found no release at or below " +
                    Quote(directory.string()));
}

}  // namespace tally
