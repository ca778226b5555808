// The two forms of APT's source lists, as sources.list(5) of APT 2.6 describes
// them. Only what says where binary packages are is looked at.
#include <algorithm>

#include "builder/mirrors.h"
#include "common/text.h"
#include "formats/deb822.h"

namespace tally {
namespace {

constexpr uint64_t kMaxSourcesBytes = 4 << 20;

Error LineError(const std::string& path, size_t line, const std::string& what) {
  return InputError(path + ":" + std::to_string(line) + ": " + what);
}

std::string WithoutTrailingSlash(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

// AddUri keeps what we can fetch from; cdrom:, mirror+…, tor+… and their kind
// are somebody else's business.
void AddUri(std::string_view uri, AptSource& source) {
  std::string url = WithoutTrailingSlash(uri);
  // "file:/srv/debian" is how APT writes a local archive.
  for (const std::string_view local : {"file:", "copy:"}) {
    if (url.starts_with(local)) {
      const size_t slash = url.find_first_not_of('/', local.size());
      if (slash == std::string::npos || slash == local.size()) return;
      url = "file:///" + url.substr(slash);
    }
  }
  if (url.starts_with("http://") || url.starts_with("https://") ||
      url.starts_with("file:///")) {
    source.uris.push_back(std::move(url));
  }
}

// ParseLine parses "deb [options] uri suite component…".
Status ParseLine(std::string_view line, const std::string& path, size_t number,
                 std::vector<AptSource>& sources) {
  line = Trim(line.substr(0, line.find('#')));
  if (line.empty()) return Ok();
  const size_t type_end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view type = line.substr(0, type_end);
  if (type != "deb" && type != "deb-src") {
    return LineError(path, number,
                     "found " + Quote(type) + ", expected 'deb' or 'deb-src'");
  }
  line = Trim(line.substr(type_end));
  if (line.starts_with('[')) {
    const size_t close = line.find(']');
    if (close == std::string_view::npos) {
      return LineError(path, number, "'[' has no ']'");
    }
    line = Trim(line.substr(close + 1));
  }
  // "cdrom:[Debian 12 …]/" has spaces in its brackets.
  if (line.starts_with("cdrom:")) return Ok();
  const std::vector<std::string_view> words = SplitWords(line);
  if (words.size() < 2) {
    return LineError(path, number, "found no URI and suite");
  }
  if (type != "deb") return Ok();
  AptSource source;
  AddUri(words[0], source);
  source.suites.emplace_back(words[1]);
  source.components.assign(words.begin() + 2, words.end());
  if (!source.uris.empty()) sources.push_back(std::move(source));
  return Ok();
}

// ListOf returns the words of a field, without comment lines in its middle.
std::vector<std::string> ListOf(const Deb822Paragraph& paragraph,
                                std::string_view name) {
  std::vector<std::string> list;
  for (const std::string_view line : SplitLines(paragraph.Value(name))) {
    if (line.starts_with('#')) continue;
    for (const std::string_view word : SplitWords(line)) {
      list.emplace_back(word);
    }
  }
  return list;
}

bool IsDisabled(std::string_view enabled) {
  std::string lower(enabled);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  // What APT's StringToBool takes for false.
  return lower == "no" || lower == "false" || lower == "without" ||
         lower == "off" || lower == "disable" || lower == "0";
}

Status ParseParagraph(const Deb822Paragraph& paragraph, const std::string& path,
                      std::vector<AptSource>& sources) {
  if (IsDisabled(paragraph.Value("Enabled"))) return Ok();
  for (const char* name : {"Types", "URIs", "Suites"}) {
    if (paragraph.Value(name).empty()) {
      return LineError(path, paragraph.line(),
                       std::string("found no field '") + name + "'");
    }
  }
  const std::vector<std::string> types = ListOf(paragraph, "Types");
  if (std::ranges::find(types, "deb") == types.end()) return Ok();
  AptSource source;
  for (const std::string& uri : ListOf(paragraph, "URIs")) AddUri(uri, source);
  source.suites = ListOf(paragraph, "Suites");
  source.components = ListOf(paragraph, "Components");
  if (!source.uris.empty()) sources.push_back(std::move(source));
  return Ok();
}

Status LoadOne(const fs::path& path, std::vector<AptSource>& sources) {
  TALLY_ASSIGN(const std::string text, ReadTextFile(path, kMaxSourcesBytes));
  auto parsed = path.extension() == ".sources"
                    ? ParseSourcesDeb822(text, path.string())
                    : ParseSourcesList(text, path.string());
  if (!parsed) return std::move(parsed).error();
  sources.insert(sources.end(), parsed->begin(), parsed->end());
  return Ok();
}

}  // namespace

Result<std::vector<AptSource>> ParseSourcesList(std::string_view text,
                                                const std::string& path) {
  std::vector<AptSource> sources;
  size_t number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    TALLY_TRY(ParseLine(text.substr(0, end), path, ++number, sources));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return sources;
}

Result<std::vector<AptSource>> ParseSourcesDeb822(std::string_view text,
                                                  const std::string& path) {
  std::vector<AptSource> sources;
  Deb822Reader reader(path, text, Deb822Comments::kSkip);
  Deb822Paragraph paragraph;
  while (true) {
    TALLY_ASSIGN(const bool more, reader.Next(paragraph));
    if (!more) return sources;
    TALLY_TRY(ParseParagraph(paragraph, path, sources));
  }
}

Result<std::vector<AptSource>> LoadAptSources(const fs::path& root) {
  const fs::path folder = root / "etc/apt";
  std::vector<AptSource> sources;
  std::error_code error;
  if (fs::exists(folder / "sources.list", error)) {
    TALLY_TRY(LoadOne(folder / "sources.list", sources));
  }
  std::vector<fs::path> files;
  for (fs::directory_iterator at(folder / "sources.list.d", error), end;
       !error && at != end; at.increment(error)) {
    const fs::path extension = at->path().extension();
    if (extension == ".list" || extension == ".sources") {
      files.push_back(at->path());
    }
  }
  std::ranges::sort(files, {}, [](const fs::path& p) { return p.native(); });
  for (const fs::path& file : files) TALLY_TRY(LoadOne(file, sources));
  return sources;
}

}  // namespace tally
