// Debian control files: paragraphs of "Name: value" fields (Debian policy 4.6
// section 5.1, deb822(5)). Packages, Release, control and *.sources files.
//
// Nothing is copied: all text returned points into the input. A 50 MB Packages
// file is read in one pass.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace tally {

// Deb822Field is one field. `value` runs from the first to the last character
// that is no white space; in a folded or multi-line value it contains the line
// ends and the leading spaces of the continuation lines.
struct Deb822Field {
  std::string_view name;
  std::string_view value;
};

// Deb822Paragraph is one paragraph. Names are compared without regard to case.
class Deb822Paragraph {
 public:
  // Find returns null if there is no such field.
  const Deb822Field* Find(std::string_view name) const;
  // Value returns the value, or nothing at all if there is no such field.
  std::string_view Value(std::string_view name) const;
  // Require is Value, and refuses an absent or empty field.
  Result<std::string_view> Require(std::string_view name) const;

  const std::vector<Deb822Field>& fields() const { return fields_; }
  // line is the line of the first field, from 1.
  size_t line() const { return line_; }

 private:
  friend class Deb822Reader;
  std::vector<Deb822Field> fields_;
  size_t line_ = 0;
};

// Deb822Comments says whether lines that begin with '#' are comments, as they
// are in files that people write.
enum class Deb822Comments { kRefuse, kSkip };

// Deb822Reader reads the paragraphs of a text one after the other.
class Deb822Reader {
 public:
  // `subject` names the file in error text: "Packages:12: …". Both arguments
  // must outlive the reader and the paragraphs.
  Deb822Reader(std::string_view subject, std::string_view text,
               Deb822Comments comments = Deb822Comments::kRefuse)
      : subject_(subject), text_(text), comments_(comments) {}

  // Next reads the next paragraph into `paragraph`, whose storage is used
  // again. False at the end of the text. Malformed and duplicate fields, NUL
  // bytes, fields without a name, and paragraphs of more than 256 fields or 16
  // MiB are InputErrors.
  Result<bool> Next(Deb822Paragraph& paragraph);

 private:
  std::string_view TakeLine();
  bool Skippable(std::string_view line) const;
  Status AddField(std::string_view line, Deb822Paragraph& paragraph) const;
  Status Continue(std::string_view line, Deb822Paragraph& paragraph) const;
  Error Fail(std::string_view what) const;

  std::string_view subject_;
  std::string_view text_;
  Deb822Comments comments_;
  size_t position_ = 0;
  size_t line_ = 0;  // of the line that TakeLine returned last
};

// ParseDeb822One parses a text that must have exactly one paragraph.
Result<Deb822Paragraph> ParseDeb822One(std::string_view subject,
                                       std::string_view text);

// FormatDeb822 returns the paragraph as text: what was parsed, with one space
// after each colon.
std::string FormatDeb822(const Deb822Paragraph& paragraph);

// SplitWords returns the parts between spaces, tabs and line ends.
std::vector<std::string_view> SplitWords(std::string_view text);
// SplitLines returns the lines of a multi-line value, trimmed, without empty
// ones.
std::vector<std::string_view> SplitLines(std::string_view text);

}  // namespace tally
