// Where archives are. The lock names files by archive and path; this finds the
// URLs: `--mirror`, else the machine's own APT sources, else the public
// snapshot service of the archive's origin. Facts and order: docs/lock.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/file.h"
#include "common/result.h"
#include "manifests/manifest.h"

namespace tally {

// MirrorOption is one `--mirror URL` (for every archive) or `--mirror
// NAME=URL`.
struct MirrorOption {
  std::string archive;  // empty: every archive
  std::string url;      // without a trailing slash
};
// ParseMirrorOption refuses anything but http, https and file URLs.
Result<MirrorOption> ParseMirrorOption(std::string_view text);

// AptSource is one enabled binary source of APT.
struct AptSource {
  std::vector<std::string>
      uris;  // http, https and file only; no trailing slash
  std::vector<std::string> suites;
  std::vector<std::string> components;
};
// ParseSourcesList parses the one-line form, ParseSourcesDeb822 the other one
// (sources.list(5)). `path` is for error text: "path:line: …".
Result<std::vector<AptSource>> ParseSourcesList(std::string_view text,
                                                const std::string& path);
Result<std::vector<AptSource>> ParseSourcesDeb822(std::string_view text,
                                                  const std::string& path);
// LoadAptSources reads etc/apt/sources.list and sources.list.d below `root`, in
// APT's order (by name). No such files is no sources.
Result<std::vector<AptSource>> LoadAptSources(const fs::path& root);

// Mirrors is what the machine and the command line say.
struct Mirrors {
  std::vector<MirrorOption> options;
  std::vector<AptSource> sources;
};

// ArchiveAsOf is an archive as its Release file describes it.
struct ArchiveAsOf {
  std::string name;                 // ArchiveSpec::name
  std::vector<std::string> suites;  // ArchiveSpec::suites
  std::string origin;               // Release field Origin
  int64_t date = 0;                 // seconds since the epoch, UTC
};

// ArchiveUrls returns base URLs in the order to try, without trailing slash.
std::vector<std::string> ArchiveUrls(const ArchiveAsOf& archive,
                                     const Mirrors& mirrors);

// FileUrls appends an archive-relative path, percent-encoded, to each base.
std::vector<std::string> FileUrls(std::span<const std::string> bases,
                                  std::string_view path);

}  // namespace tally
