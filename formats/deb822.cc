#include "formats/deb822.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "common/text.h"

namespace tally {
namespace {

// The largest paragraphs of a real archive have about 40 fields and 100 KB;
// the SHA256 list of a Release file has about 300 KB.
constexpr size_t kMaxFields = 256;
constexpr size_t kMaxParagraphBytes = 16 << 20;

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

bool IsSpaceOrTab(char c) { return c == ' ' || c == '\t'; }

std::string_view TrimSpacesAndTabs(std::string_view text) {
  while (!text.empty() && IsSpaceOrTab(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpaceOrTab(text.back())) text.remove_suffix(1);
  return text;
}

// Policy 5.1: printable ASCII without space and colon, not beginning with '#'
// or '-'.
bool IsFieldName(std::string_view name) {
  if (name.empty() || name[0] == '#' || name[0] == '-') return false;
  return std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

const Deb822Field* Deb822Paragraph::Find(std::string_view name) const {
  for (const Deb822Field& field : fields_) {
    if (SameName(field.name, name)) return &field;
  }
  return nullptr;
}

std::string_view Deb822Paragraph::Value(std::string_view name) const {
  const Deb822Field* field = Find(name);
  return field == nullptr ? std::string_view() : field->value;
}

Result<std::string_view> Deb822Paragraph::Require(std::string_view name) const {
  const std::string_view value = Value(name);
  if (value.empty()) {
    return InputError("paragraph at line " + std::to_string(line_) +
                      " has no field '" + std::string(name) + "'");
  }
  return value;
}

Result<bool> Deb822Reader::Next(Deb822Paragraph& paragraph) {
  paragraph.fields_.clear();
  const char* start = nullptr;
  while (position_ < text_.size()) {
    const std::string_view line = TakeLine();
    if (line.empty() || TrimSpacesAndTabs(line).empty()) {
      if (!paragraph.fields_.empty()) break;
      continue;
    }
    if (Skippable(line)) continue;
    if (start == nullptr) start = line.data();
    if (line.data() + line.size() - start >
        static_cast<std::ptrdiff_t>(kMaxParagraphBytes)) {
      return Fail("paragraph is larger than 16 MiB");
    }
    if (std::memchr(line.data(), 0, line.size()) != nullptr) {
      return Fail("found a NUL byte");
    }
    if (std::memchr(line.data(), '\r', line.size()) != nullptr) {
      return Fail("found a carriage return inside of a line");
    }
    if (IsSpaceOrTab(line[0])) {
      TALLY_TRY(Continue(line, paragraph));
    } else {
      TALLY_TRY(AddField(line, paragraph));
    }
  }
  return !paragraph.fields_.empty();
}

std::string_view Deb822Reader::TakeLine() {
  ++line_;
  const size_t end = std::min(text_.find('\n', position_), text_.size());
  std::string_view line = text_.substr(position_, end - position_);
  position_ = end + 1;
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool Deb822Reader::Skippable(std::string_view line) const {
  return comments_ == Deb822Comments::kSkip && line[0] == '#';
}

Status Deb822Reader::AddField(std::string_view line,
                              Deb822Paragraph& paragraph) const {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) {
    return Fail("found " + Quote(line.substr(0, 80)) +
                ", expected 'Name: value'");
  }
  const std::string_view name = line.substr(0, colon);
  if (!IsFieldName(name)) {
    return Fail("found " + Quote(name.substr(0, 80)) +
                ", expected a field name");
  }
  if (paragraph.Find(name) != nullptr) {
    return Fail("field '" + std::string(name) + "' occurs twice");
  }
  if (paragraph.fields_.size() == kMaxFields) {
    return Fail("paragraph has more than 256 fields");
  }
  if (paragraph.fields_.empty()) paragraph.line_ = line_;
  paragraph.fields_.push_back(
      {name, TrimSpacesAndTabs(line.substr(colon + 1))});
  return Ok();
}

// A value is one span: it grows to the end of the continuation line.
Status Deb822Reader::Continue(std::string_view line,
                              Deb822Paragraph& paragraph) const {
  if (paragraph.fields_.empty()) {
    return Fail("a continuation line comes before the first field");
  }
  std::string_view& value = paragraph.fields_.back().value;
  const std::string_view more = TrimSpacesAndTabs(line);
  const char* begin = value.empty() ? more.data() : value.data();
  const char* end = more.data() + more.size();
  value = std::string_view(begin, static_cast<size_t>(end - begin));
  return Ok();
}

Error Deb822Reader::Fail(std::string_view what) const {
  return InputError(std::string(subject_) + ":" + std::to_string(line_) + ": " +
                    std::string(what));
}

Result<Deb822Paragraph> ParseDeb822One(std::string_view subject,
                                       std::string_view text) {
  Deb822Reader reader(subject, text);
  Deb822Paragraph paragraph;
  TALLY_ASSIGN(const bool any, reader.Next(paragraph));
  if (!any) return InputError(std::string(subject) + ": no paragraph");
  Deb822Paragraph extra;
  TALLY_ASSIGN(const bool more, reader.Next(extra));
  if (more) {
    return InputError(std::string(subject) + ":" +
                      std::to_string(extra.line()) +
                      ": found a second paragraph, expected one");
  }
  return paragraph;
}

std::string FormatDeb822(const Deb822Paragraph& paragraph) {
  std::string text;
  for (const Deb822Field& field : paragraph.fields()) {
    text += std::string(field.name) + ": " + std::string(field.value) + "\n";
  }
  return text;
}

std::vector<std::string_view> SplitWords(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  std::vector<std::string_view> words;
  size_t start = text.find_first_not_of(kSpace);
  while (start != std::string_view::npos) {
    const size_t end = std::min(text.find_first_of(kSpace, start), text.size());
    words.push_back(text.substr(start, end - start));
    start = text.find_first_not_of(kSpace, end);
  }
  return words;
}

std::vector<std::string_view> SplitLines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = Trim(text.substr(0, end));
    if (!line.empty()) lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace tally
