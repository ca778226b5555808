#include "builder/release_file.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "common/text.h"
#include "formats/deb822.h"

namespace tally {
namespace {

constexpr size_t kMaxListedPathBytes = 1024;

constexpr std::array<std::string_view, 12> kMonths = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun",
    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Digits parses exactly `size` decimal digits, or one or two of them for 0.
std::optional<int> Digits(std::string_view text, size_t size) {
  const bool fits =
      size == 0 ? text.size() == 1 || text.size() == 2 : text.size() == size;
  if (!fits) return std::nullopt;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<int64_t> SecondsOfDay(std::string_view time) {
  const std::vector<std::string> parts = Split(time, ':');
  if (parts.size() != 3) return std::nullopt;
  // The archive's own tools wrote "0:00:00" at times.
  const std::optional<int> hour = Digits(parts[0], 0);
  const std::optional<int> minute = Digits(parts[1], 2);
  const std::optional<int> second = Digits(parts[2], 2);
  if (!hour || !minute || !second) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return int64_t{*hour} * 3600 + *minute * 60 + *second;
}

std::optional<int64_t> SecondsOfDate(int year, int month, int day) {
  const std::chrono::year_month_day date{
      std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
      std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return int64_t{std::chrono::sys_days{date}.time_since_epoch().count()} *
         86400;
}

Result<std::optional<int64_t>> OptionalDate(const Deb822Paragraph& paragraph,
                                            const char* name) {
  const std::string_view value = paragraph.Value(name);
  if (value.empty()) return std::optional<int64_t>();
  auto date = ParseReleaseDate(value);
  if (!date) {
    return std::move(date).error().While(std::string("reading field '") + name +
                                         "'");
  }
  return std::optional<int64_t>(*date);
}

Status AddFile(std::string_view line, ReleaseFile& release) {
  const auto refuse = [&] {
    return InputError("found " + Quote(line.substr(0, 120)) +
                      " in SHA256, expected digest, size and path");
  };
  const std::vector<std::string_view> words = SplitWords(line);
  if (words.size() != 3) return refuse();
  const auto sha256 = Sha256Digest::FromHex(words[0]);
  const auto size_bytes = ParseUnsigned(words[1]);
  if (!sha256 || !size_bytes || !IsArchivePath(words[2])) return refuse();
  const auto [at, added] = release.files.emplace(
      std::string(words[2]),
      ReleaseEntry{.size_bytes = *size_bytes, .sha256 = *sha256});
  if (!added &&
      (at->second.sha256 != *sha256 || at->second.size_bytes != *size_bytes)) {
    return InputError(Quote(words[2]) + " has two digests in SHA256");
  }
  return Ok();
}

// NamesSuite: "oldstable-updates" with codename "bookworm" is bookworm-updates
// too, and "oldstable/updates" is bookworm/updates: releases before 2021.
bool NamesSuite(const ReleaseFile& release, const std::string& suite) {
  if (suite == release.suite || suite == release.codename) return true;
  const size_t tail = release.suite.find_first_of("-/");
  return tail != std::string::npos && !release.codename.empty() &&
         suite == release.codename + release.suite.substr(tail);
}

}  // namespace

Result<int64_t> ParseReleaseDate(std::string_view text) {
  const auto refuse = [&] {
    return InputError("found " + Quote(text.substr(0, 80)) +
                      ", expected a date like 'Sat, 11 Jul 2026 10:16:37 UTC'");
  };
  std::vector<std::string_view> words = SplitWords(text);
  if (!words.empty() && words[0].ends_with(',')) words.erase(words.begin());
  if (words.size() != 5) return refuse();
  const std::optional<int> day = Digits(words[0], 0);
  const auto month = std::ranges::find(kMonths, words[1]);
  const std::optional<int> year = Digits(words[2], 4);
  const std::optional<int64_t> seconds = SecondsOfDay(words[3]);
  const std::string_view zone = words[4];
  const bool utc =
      zone == "UTC" || zone == "GMT" || zone == "Z" || zone == "+0000";
  if (!day || month == kMonths.end() || !year || !seconds || !utc) {
    return refuse();
  }
  const std::optional<int64_t> date =
      SecondsOfDate(*year, static_cast<int>(month - kMonths.begin()) + 1, *day);
  if (!date) return refuse();
  return *date + *seconds;
}

bool IsArchivePath(std::string_view path) {
  if (path.empty() || path.size() > kMaxListedPathBytes) return false;
  const bool printable = std::ranges::all_of(
      path, [](char c) { return c > ' ' && c < 0x7f && c != '\\'; });
  if (!printable) return false;
  for (const std::string& part : Split(path, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

Result<ReleaseFile> ParseRelease(std::string_view text) {
  TALLY_ASSIGN(const Deb822Paragraph paragraph,
               ParseDeb822One("Release", text));
  ReleaseFile release;
  release.origin = paragraph.Value("Origin");
  release.suite = paragraph.Value("Suite");
  release.codename = paragraph.Value("Codename");
  for (const char* name : {"Origin", "Codename"}) {
    TALLY_TRY(paragraph.Require(name));
  }
  TALLY_ASSIGN(const std::optional<int64_t> date,
               OptionalDate(paragraph, "Date"));
  if (!date) return InputError("Release has no field 'Date'");
  release.date = *date;
  TALLY_ASSIGN(release.valid_until, OptionalDate(paragraph, "Valid-Until"));
  release.acquire_by_hash = paragraph.Value("Acquire-By-Hash") == "yes";
  TALLY_ASSIGN(const std::string_view list, paragraph.Require("SHA256"));
  for (const std::string_view line : SplitLines(list)) {
    TALLY_TRY(AddFile(line, release));
  }
  return release;
}

Status CheckRelease(const ReleaseFile& release, const ArchiveSpec& archive,
                    const std::string& suite, int64_t now) {
  if (!NamesSuite(release, suite)) {
    return InputError("found the Release of suite " + Quote(release.suite) +
                      " (codename " + Quote(release.codename) + "), expected " +
                      Quote(suite));
  }
  if (!release.valid_until || *release.valid_until >= now ||
      archive.allow_expired) {
    return Ok();
  }
  return InputError("the Release of suite " + Quote(suite) + " expired at " +
                    FormatUtcTime(*release.valid_until) + ", and it is " +
                    FormatUtcTime(now))
      .Hint(
          "a mirror that is behind, or a suite that is frozen: for the "
          "latter, set allow_expired in the manifest");
}

}  // namespace tally
