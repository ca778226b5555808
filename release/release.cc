#include "release/release.h"

#include <algorithm>

#include "common/hash.h"
#include "common/parallel.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr uint64_t kMaxReleaseJsonBytes = 64 << 20;
constexpr int64_t kReleaseVersion = 1;

// IsDerived: release.json and SHA256SUMS cannot list themselves.
bool IsDerived(const std::string& name) {
  return name == kReleaseJson || name == kSha256Sums;
}

Json FileRecord(const ListedFile& file) {
  return Json::Object{{"name", file.name},
                      {"sha256", file.sha256.hex()},
                      {"size", file.size_bytes}};
}

// IsPlainPath refuses what could lead out of the release directory.
bool IsPlainPath(const std::string& name) {
  for (const std::string& component : Split(name, '/')) {
    if (component.empty() || component == "." || component == "..") {
      return false;
    }
  }
  return name.find('\0') == std::string::npos;
}

Result<ListedFile> ParseFile(const Json& value) {
  JsonFields fields("release.json: file", value);
  ListedFile file;
  file.name = fields.Text("name");
  file.size_bytes = fields.Unsigned("size");
  const std::string sha256 = fields.Text("sha256");
  TALLY_TRY(fields.Finish());
  TALLY_ASSIGN(file.sha256, Sha256Digest::FromHex(sha256));
  if (!IsPlainPath(file.name)) {
    return InputError("release.json: file name " + Quote(file.name) +
                      ", expected a relative path without '..'");
  }
  return file;
}

Result<Release> ParseFields(const Json& json) {
  JsonFields fields("release.json", json);
  Release release;
  const int64_t version = fields.Integer("tally_release");
  release.name = fields.Text("name");
  release.version = fields.Text("version");
  const uint64_t format_epoch = fields.Unsigned("format_epoch");
  const std::string manifest = fields.Text("manifest_sha256");
  const std::string lock = fields.Text("lock_sha256");
  const Json::Array& files = fields.Array("files");
  TALLY_TRY(fields.Finish());
  if (version != kReleaseVersion) {
    return InputError("release.json: tally_release is " +
                      std::to_string(version) + ", expected " +
                      std::to_string(kReleaseVersion));
  }
  if (format_epoch > 1'000'000) {
    return InputError("release.json: format_epoch is " +
                      std::to_string(format_epoch) +
                      ", expected at most 1000000");
  }
  release.format_epoch = static_cast<int>(format_epoch);
  TALLY_ASSIGN(release.manifest_sha256, Sha256Digest::FromHex(manifest));
  TALLY_ASSIGN(release.lock_sha256, Sha256Digest::FromHex(lock));
  for (const Json& value : files) {
    TALLY_ASSIGN(ListedFile file, ParseFile(value));
    release.files.push_back(std::move(file));
  }
  return release;
}

// SumsLine escapes unusual names as sha256sum does (GNU coreutils 9.1, md5sum
// invocation): the line then begins with a backslash.
std::string SumsLine(const std::string& name, const std::string& hex) {
  std::string escaped;
  for (char c : name) {
    if (c == '\\') {
      escaped += "\\\\";
    } else if (c == '\n') {
      escaped += "\\n";
    } else if (c == '\r') {
      escaped += "\\r";
    } else {
      escaped += c;
    }
  }
  return (escaped == name ? "" : "\\") + hex + "  " + escaped + "\n";
}

}  // namespace

std::string FormatReleaseJson(const Release& release) {
  Json::Array files;
  for (const ListedFile& file : release.files) {
    files.push_back(FileRecord(file));
  }
  return Json(Json::Object{
                  {"files", std::move(files)},
                  {"format_epoch", release.format_epoch},
                  {"lock_sha256", release.lock_sha256.hex()},
                  {"manifest_sha256", release.manifest_sha256.hex()},
                  {"name", release.name},
                  {"tally_release", kReleaseVersion},
                  {"version", release.version},
              })
             .Canonical() +
         "\n";
}

Result<Release> ParseReleaseJson(std::string_view text) {
  TALLY_ASSIGN(const Json json, ParseJson(text));
  TALLY_ASSIGN(Release release, ParseFields(json));
  if (!std::ranges::is_sorted(release.files, {}, &ListedFile::name) ||
      std::ranges::adjacent_find(release.files, {}, &ListedFile::name) !=
          release.files.end()) {
    return InputError("release.json: files are not sorted by name");
  }
  if (FormatReleaseJson(release) != text) {
    return InputError(
        "release.json: found another spelling, expected canonical JSON (RFC "
        "8785) and one newline");
  }
  return release;
}

Result<LoadedRelease> LoadRelease(const fs::path& directory) {
  const fs::path path = directory / kReleaseJson;
  if (IsAbsent(path)) {
    return InputError(Quote(directory.string()) +
                      " is not a release: it has no release.json");
  }
  // The directory may be somebody else's: no link may lead out of it.
  Result<std::vector<std::string>> names = ListFiles(directory);
  if (!names) {
    return std::move(names).error().While("looking at release " +
                                          Quote(directory.string()));
  }
  LoadedRelease loaded;
  TALLY_ASSIGN(loaded.text, ReadTextFile(path, kMaxReleaseJsonBytes));
  Result<Release> release = ParseReleaseJson(loaded.text);
  if (!release) {
    return std::move(release).error().While("reading " + Quote(path.string()));
  }
  loaded.release = std::move(release).value();
  loaded.digest = Sha256(AsBytes(loaded.text));
  return loaded;
}

Result<std::vector<ListedFile>> DescribeFiles(
    const fs::path& directory, const std::vector<ListedFile>& known) {
  constexpr unsigned kThreads = 4;
  TALLY_ASSIGN(const std::vector<std::string> names, ListFiles(directory));
  std::vector<ListedFile> files;
  for (const std::string& name : names) {
    if (IsVolatile(name) || IsDerived(name)) continue;
    if (!IsUtf8(name)) {
      return InputError("file name " + Quote(name) + " is not UTF-8");
    }
    files.push_back({.name = name});
  }
  TALLY_TRY(ParallelFor(files.size(), kThreads, [&](size_t i) -> Status {
    ListedFile& file = files[i];
    const auto same = std::ranges::find(known, file.name, &ListedFile::name);
    if (same != known.end()) {
      file = *same;
      return Ok();
    }
    TALLY_ASSIGN(const FileDigest digest, DigestFile(directory / file.name));
    file.size_bytes = digest.size_bytes;
    file.sha256 = digest.sha256;
    return Ok();
  }));
  return files;
}

std::string FormatSha256Sums(const LoadedRelease& release) {
  std::vector<std::pair<std::string, std::string>> lines;
  for (const ListedFile& file : release.release.files) {
    lines.emplace_back(file.name, file.sha256.hex());
  }
  lines.emplace_back(kReleaseJson, release.digest.hex());
  std::ranges::sort(lines);
  std::string text;
  for (const auto& [name, hex] : lines) text += SumsLine(name, hex);
  return text;
}

Status CheckFiles(const fs::path& directory, const LoadedRelease& release) {
  TALLY_ASSIGN(const std::vector<ListedFile> found, DescribeFiles(directory));
  const std::string difference = FirstDifference(release.release.files, found);
  if (!difference.empty()) return MismatchError(difference);
  if (IsAbsent(directory / kSha256Sums)) {
    return MismatchError("'SHA256SUMS' is missing");
  }
  TALLY_ASSIGN(const std::string sums,
               ReadTextFile(directory / kSha256Sums, kMaxReleaseJsonBytes));
  if (sums != FormatSha256Sums(release)) {
    return MismatchError("SHA256SUMS does not say what release.json says");
  }
  return Ok();
}

std::string FirstDifference(const std::vector<ListedFile>& expected,
                            const std::vector<ListedFile>& got) {
  auto e = expected.begin();
  auto g = got.begin();
  while (e != expected.end() || g != got.end()) {
    const bool missing =
        g == got.end() || (e != expected.end() && e->name < g->name);
    if (missing) return Quote(e->name) + " is missing";
    if (e == expected.end() || g->name < e->name) {
      return Quote(g->name) + " is there and should not be";
    }
    if (*e != *g) {
      const auto shown = [](const ListedFile& file) {
        return "sha256:" + file.sha256.hex() + " (" +
               std::to_string(file.size_bytes) + " bytes)";
      };
      return DigestMismatch(Quote(e->name) + " differs", shown(*e), shown(*g))
          .message();
    }
    ++e, ++g;
  }
  return "";
}

bool IsOfRelease(const Release& release, const std::string& name) {
  return IsVolatile(name) || IsDerived(name) ||
         std::ranges::binary_search(release.files, name, {}, &ListedFile::name);
}

bool IsVolatile(const std::string& name) {
  return name == kRunJson ||
         name.starts_with(std::string(kAttestationsDirectory) + "/");
}

}  // namespace tally
