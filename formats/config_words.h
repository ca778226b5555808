// Words of a line of sysusers.d(5) or tmpfiles.d(5), as systemd cuts them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace tally {

// The white space of a line, as systemd has it.
inline constexpr std::string_view kConfigBlanks = " \t\r";

// What a backslash means in a word.
enum class Backslash {
  kTakesNext,     // the next character as it is: sysusers.d
  kBeginsEscape,  // "\x41", "\n": tmpfiles.d
};

// WordReader cuts a line at spaces and tabs. A word may have parts in single
// or double quotes, which are removed; backslashes count inside them too.
class WordReader {
 public:
  WordReader(std::string_view line, Backslash backslash);

  // Next returns the next word, or nothing at the end of the line. An open
  // quote, a lonely backslash and a bad escape are InputErrors.
  Result<std::optional<std::string>> Next();

  // Rest returns what is behind the words that were read, without the white
  // space around it.
  std::string_view Rest() const;

 private:
  std::string_view rest_;
  Backslash backslash_;
};

// UnescapeC replaces the escapes of C and "\s" (a space). Others, and any that
// stand for NUL, are InputErrors.
Result<std::string> UnescapeC(std::string_view text);

// ConfigLine is a line of a file that says something.
struct ConfigLine {
  size_t number = 0;  // from 1
  std::string_view text;
};

// NextConfigLine takes the next line from `*rest`, counting in `*number`; it
// leaves out empty lines and comments. Nothing at the end.
std::optional<ConfigLine> NextConfigLine(std::string_view* rest,
                                         size_t* number);

// CheckConfigLine refuses control bytes but tab, and more than `max_bytes`.
Status CheckConfigLine(std::string_view line, size_t max_bytes);

// ParseConfigLines parses every line that says something and notes its number.
// Errors are "<where> line N: …".
template <typename Line>
Result<std::vector<Line>> ParseConfigLines(
    std::string_view text, std::string_view where,
    Result<Line> (*parse)(std::string_view line)) {
  std::vector<Line> lines;
  size_t number = 0;
  while (const auto line = NextConfigLine(&text, &number)) {
    Result<Line> parsed = parse(line->text);
    if (!parsed) {
      return InputError(std::string(where) + " line " + std::to_string(number) +
                        ": " + parsed.error().message());
    }
    parsed->line = number;
    lines.push_back(std::move(*parsed));
  }
  return lines;
}

}  // namespace tally
