#include "builder/mirrors.h"

#include <algorithm>
#include <array>

#include "common/text.h"

namespace tally {
namespace {

constexpr int64_t kSecondsPerDay = 24 * 60 * 60;

// SnapshotService keeps every state of an origin's archives:
// https://<service>.<domain>/archive/<name>/<YYYYMMDDTHHMMSSZ>/ is the archive
// as it was mirrored last before that time.
struct SnapshotService {
  std::string_view origin;          // Release field Origin begins with this
  std::string_view archive_prefix;  // names of that origin's archives
  std::string_view service;
  std::string_view domain;
};
constexpr std::array<SnapshotService, 1> kSnapshotServices = {{
    {"Debian", "debian", "snapshot", "debian.org"},
}};

std::string_view LastComponent(std::string_view url) {
  return url.substr(url.rfind('/') + 1);
}

void AddUnique(std::string url, std::vector<std::string>& urls) {
  if (std::ranges::find(urls, url) == urls.end()) {
    urls.push_back(std::move(url));
  }
}

bool SharesSuite(const AptSource& source, const ArchiveAsOf& archive) {
  return std::ranges::any_of(source.suites, [&](const std::string& suite) {
    return std::ranges::find(archive.suites, suite) != archive.suites.end();
  });
}

// AddSourceUrls takes the sources whose URI is named after the archive. Only if
// there are none, those with a suite of the same name: that may be some other
// vendor's archive for the same release.
void AddSourceUrls(const ArchiveAsOf& archive,
                   const std::vector<AptSource>& sources,
                   std::vector<std::string>& urls) {
  for (const AptSource& source : sources) {
    for (const std::string& uri : source.uris) {
      if (LastComponent(uri) == archive.name) AddUnique(uri, urls);
    }
  }
  if (!urls.empty()) return;
  for (const AptSource& source : sources) {
    if (!SharesSuite(source, archive)) continue;
    for (const std::string& uri : source.uris) AddUnique(uri, urls);
  }
}

// SnapshotTime returns "20260711T101637Z".
std::string SnapshotTime(int64_t date) {
  std::string text;
  for (const char c : FormatUtcTime(date)) {
    if (c != '-' && c != ':') text += c;
  }
  return text;
}

void AddSnapshotUrls(const ArchiveAsOf& archive,
                     std::vector<std::string>& urls) {
  for (const SnapshotService& row : kSnapshotServices) {
    if (!archive.origin.starts_with(row.origin) ||
        !archive.name.starts_with(row.archive_prefix)) {
      continue;
    }
    // A Release is dated before mirrors have it: the state "at its date" may
    // still be the one before, so the next day's is a second candidate.
    for (const int64_t date : {archive.date, archive.date + kSecondsPerDay}) {
      std::string url = "https://";
      url += row.service;
      url += '.';
      url += row.domain;
      url += "/archive/" + archive.name + "/" + SnapshotTime(date);
      AddUnique(std::move(url), urls);
    }
  }
}

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') ||
         std::string_view("-._~/").find(c) != std::string_view::npos;
}

// RFC 3986 section 2.1. '+' is encoded as well: some object stores take a bare
// one for a space.
std::string PercentEncode(std::string_view path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const char c : path) {
    if (IsUnreserved(c)) {
      text += c;
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    text += '%';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

Result<MirrorOption> ParseMirrorOption(std::string_view text) {
  MirrorOption option;
  std::string_view url = text;
  const size_t equals = text.find('=');
  const size_t scheme = text.find("://");
  if (equals != std::string_view::npos && equals < scheme) {
    option.archive = std::string(text.substr(0, equals));
    url = text.substr(equals + 1);
    if (option.archive.empty()) {
      return UsageError("found " + Quote(text) + ", expected NAME=URL");
    }
  }
  if (!url.starts_with("http://") && !url.starts_with("https://") &&
      !url.starts_with("file:///")) {
    return UsageError("found " + Quote(url) +
                      ", expected an http, https or file URL");
  }
  while (url.ends_with('/')) url.remove_suffix(1);
  option.url = std::string(url);
  return option;
}

std::vector<std::string> ArchiveUrls(const ArchiveAsOf& archive,
                                     const Mirrors& mirrors) {
  std::vector<std::string> urls;
  for (const MirrorOption& option : mirrors.options) {
    if (option.archive.empty() || option.archive == archive.name) {
      AddUnique(option.url, urls);
    }
  }
  // Who names a mirror wants that one, and no other.
  if (!urls.empty()) return urls;
  AddSourceUrls(archive, mirrors.sources, urls);
  AddSnapshotUrls(archive, urls);
  return urls;
}

std::vector<std::string> FileUrls(std::span<const std::string> bases,
                                  std::string_view path) {
  std::vector<std::string> urls;
  for (const std::string& base : bases) {
    urls.push_back(base + "/" + PercentEncode(path));
  }
  return urls;
}

}  // namespace tally
