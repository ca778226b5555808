// As extract_first_word() and cunescape_one() of systemd 252 do it
// (src/basic/extract-word.c, src/basic/escape.c).
#include "formats/config_words.h"

#include <cstdint>

#include "common/bytes.h"
#include "common/text.h"

namespace tally {
namespace {

std::string_view TrimmedLeft(std::string_view text) {
  const size_t begin = text.find_first_not_of(kConfigBlanks);
  return begin == std::string_view::npos ? std::string_view()
                                         : text.substr(begin);
}

std::string Utf8(uint32_t code) {
  const auto byte = [](uint32_t value) { return static_cast<char>(value); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) {
    return {byte(0xc0 | (code >> 6)), byte(0x80 | (code & 0x3f))};
  }
  if (code < 0x10000) {
    return {byte(0xe0 | (code >> 12)), byte(0x80 | ((code >> 6) & 0x3f)),
            byte(0x80 | (code & 0x3f))};
  }
  return {byte(0xf0 | (code >> 18)), byte(0x80 | ((code >> 12) & 0x3f)),
          byte(0x80 | ((code >> 6) & 0x3f)), byte(0x80 | (code & 0x3f))};
}

int DigitValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return 16;
}

// Number reads exactly `num_digits` digits at `begin`.
std::optional<uint32_t> Number(std::string_view text, size_t begin,
                               size_t num_digits, uint32_t base) {
  if (text.size() < begin + num_digits) return std::nullopt;
  uint32_t value = 0;
  for (const char digit : text.substr(begin, num_digits)) {
    const auto digit_value = static_cast<uint32_t>(DigitValue(digit));
    if (digit_value >= base) return std::nullopt;
    value = value * base + digit_value;
  }
  return value;
}

Error BadEscape(std::string_view rest) {
  return InputError("found " + Quote(rest.substr(0, 10)) +
                    ", expected an escape of C");
}

// TakeEscape reads the escape at the front of `*rest`, which begins with a
// backslash.
Result<std::string> TakeEscape(std::string_view* rest) {
  if (rest->size() < 2) return BadEscape(*rest);
  constexpr std::string_view kLetters = "abfnrtvs\\\"'";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v \\\"'";
  const char letter = (*rest)[1];
  const size_t simple = kLetters.find(letter);
  if (simple != std::string_view::npos) {
    rest->remove_prefix(2);
    return std::string(1, kMeanings[simple]);
  }
  const bool is_octal = letter >= '0' && letter <= '3';
  const size_t begin = is_octal ? 1 : 2;
  const size_t num_digits = is_octal        ? 3
                            : letter == 'x' ? 2
                            : letter == 'u' ? 4
                            : letter == 'U' ? 8
                                            : 0;
  if (num_digits == 0) return BadEscape(*rest);
  const auto code = Number(*rest, begin, num_digits, is_octal ? 8 : 16);
  const bool is_byte = num_digits < 4;
  if (!code || *code == 0 ||
      (!is_byte && (*code > 0x10ffff || (*code >> 11) == 0x1b))) {
    return BadEscape(*rest);
  }
  rest->remove_prefix(begin + num_digits);
  return is_byte ? std::string(1, static_cast<char>(*code)) : Utf8(*code);
}

}  // namespace

WordReader::WordReader(std::string_view line, Backslash backslash)
    : rest_(TrimmedLeft(line)), backslash_(backslash) {}

Result<std::optional<std::string>> WordReader::Next() {
  if (rest_.empty()) return std::optional<std::string>();
  const std::string_view begin = rest_;
  std::string word;
  char quote = '\0';
  while (!rest_.empty()) {
    const char at = rest_.front();
    if (at == '\\' && backslash_ == Backslash::kBeginsEscape) {
      TALLY_ASSIGN(const std::string meaning, TakeEscape(&rest_));
      word += meaning;
      continue;
    }
    rest_.remove_prefix(1);
    if (at == '\\') {
      if (rest_.empty()) return InputError("the line ends in a backslash");
      word += rest_.front();
      rest_.remove_prefix(1);
    } else if (quote != '\0') {
      if (at == quote) {
        quote = '\0';
      } else {
        word += at;
      }
    } else if (at == '\'' || at == '"') {
      quote = at;
    } else if (kConfigBlanks.find(at) != std::string_view::npos) {
      break;
    } else {
      word += at;
    }
  }
  if (quote != '\0') {
    return InputError("found " + Quote(begin.substr(0, 40)) +
                      ", expected a closing quote");
  }
  rest_ = TrimmedLeft(rest_);
  return std::optional<std::string>(std::move(word));
}

std::string_view WordReader::Rest() const { return Trim(rest_); }

Result<std::string> UnescapeC(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.front() == '\\') {
      TALLY_ASSIGN(const std::string meaning, TakeEscape(&text));
      out += meaning;
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

std::optional<ConfigLine> NextConfigLine(std::string_view* rest,
                                         size_t* number) {
  while (!rest->empty()) {
    const size_t end = rest->find('\n');
    const std::string_view line = rest->substr(0, end);
    rest->remove_prefix(end == std::string_view::npos ? rest->size() : end + 1);
    ++*number;
    const std::string_view trimmed = TrimmedLeft(line);
    if (trimmed.empty() || trimmed.front() == '#') {
      continue;
    }
    return ConfigLine{.number = *number, .text = line};
  }
  return std::nullopt;
}

Status CheckConfigLine(std::string_view line, size_t max_bytes) {
  if (line.size() > max_bytes) {
    return InputError("the line has " + std::to_string(line.size()) +
                      " bytes, expected at most " + std::to_string(max_bytes));
  }
  for (const char at : line) {
    const auto byte = static_cast<uint8_t>(at);
    if ((byte >= 0x20 && byte != 0x7f) || at == '\t') continue;
    return InputError("found the control byte " + HexNumber(byte) +
                      ", expected text");
  }
  return Ok();
}

}  // namespace tally
