// InRelease: what an archive's keys vouch for.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "common/digest.h"
#include "common/file.h"
#include "manifests/manifest.h"

namespace tally {

// SignedText is what gpgv found good.
struct SignedText {
  std::string text;                    // the signed bytes and nothing else
  std::vector<std::string> signed_by;  // primary key fingerprints, sorted
};

// VerifySigned checks an OpenPGP clear-signed text with gpgv. At least one
// signature must be good, and none may be bad; signatures by keys that the
// keyring lacks are ignored beside a good one. Failures name the keyring and
// the key: InputError for the text, ToolError if gpgv is missing, IoError if
// the keyring is.
Result<SignedText> VerifySigned(ByteSpan signed_text, const fs::path& keyring);

// ReleaseEntry is one line of the SHA256 list.
struct ReleaseEntry {
  uint64_t size_bytes = 0;
  Sha256Digest sha256;
};

// ReleaseFile is the part of a Release file that matters here. Format: the
// Debian wiki's "RepositoryFormat", section "Release" files.
struct ReleaseFile {
  std::string origin;
  std::string suite;
  std::string codename;
  int64_t date = 0;  // seconds since the epoch
  std::optional<int64_t> valid_until;
  bool acquire_by_hash = false;
  std::map<std::string, ReleaseEntry> files;  // by path below dists/<suite>
};

// ParseRelease refuses malformed fields, and paths that leave the suite.
Result<ReleaseFile> ParseRelease(std::string_view text);

// CheckRelease refuses a Release of another suite than the one asked for (a
// replay), and an expired one unless the manifest allows it. `now` is seconds
// since the epoch.
Status CheckRelease(const ReleaseFile& release, const ArchiveSpec& archive,
                    const std::string& suite, int64_t now);

// ParseReleaseDate parses "Sat, 11 Jul 2026 10:16:37 UTC" (RFC 5322 with the
// zone UTC, GMT, Z or +0000) into seconds since the epoch.
Result<int64_t> ParseReleaseDate(std::string_view text);

// IsArchivePath says whether `path` is relative, without empty, "." and ".."
// parts, without control characters, and at most 1024 bytes long.
bool IsArchivePath(std::string_view path);

}  // namespace tally
