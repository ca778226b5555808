#include "builder/scripts/shell_lines.h"

#include "common/text.h"

// Follows the words of POSIX.1-2017, Shell Command Language, section 2.2
// (quoting), 2.3 (comments) and 2.7.4 (here-documents). Parentheses are counted
// only inside "$(": elsewhere they belong to `case` labels as well.

namespace tally {
namespace {

constexpr size_t kMaxNesting = 64;

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_';
}

// '#' begins a comment at the begin of a word only.
bool BeginsWord(std::string_view line, size_t at) {
  if (at == 0) return true;
  const std::string_view before = " \t;&|(";
  return before.find(line[at - 1]) != std::string_view::npos;
}

}  // namespace

bool ShellLines::EndsHeredoc(std::string_view line) const {
  while (heredoc_tabs_ && line.starts_with('\t')) line.remove_prefix(1);
  return line == heredoc_;
}

Status ShellLines::TakeHeredocMark(std::string_view rest, size_t number) {
  const Error unclear =
      InputError("line " + std::to_string(number) + ": found '<<' and " +
                 Quote(rest.substr(0, 40)) +
                 ", expected one here-document with a plain word as its end");
  if (!heredoc_.empty()) return unclear;
  heredoc_tabs_ = rest.starts_with('-');
  if (heredoc_tabs_) rest.remove_prefix(1);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  const char quote =
      rest.starts_with('\'') || rest.starts_with('"') ? rest[0] : '\0';
  if (quote != '\0' || rest.starts_with('\\')) rest.remove_prefix(1);
  size_t length = 0;
  while (length < rest.size() && IsWordByte(rest[length])) ++length;
  const bool closed =
      quote == '\0' || (length < rest.size() && rest[length] == quote);
  if (length == 0 || !closed) return unclear;
  heredoc_ = rest.substr(0, length);
  return Ok();
}

Status ShellLines::Take(std::string_view line, size_t number) {
  if (!heredoc_.empty()) {
    if (EndsHeredoc(line)) heredoc_.clear();
    return Ok();
  }
  if (AtStatement()) begun_at_ = number;
  continued_ = false;
  for (size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    const char inside = nesting_.empty() ? '\0' : nesting_.back();
    const bool last = at + 1 == line.size();
    if (inside == '\'') {
      if (c == '\'') nesting_.pop_back();
    } else if (c == '\\') {
      continued_ = last;
      ++at;
    } else if (c == '"') {
      inside == '"' ? nesting_.pop_back() : nesting_.push_back('"');
    } else if (c == '$' && !last && line[at + 1] == '(') {
      nesting_.push_back('(');
      ++at;
    } else if (inside == '"') {
      continue;
    } else if (c == '\'') {
      nesting_.push_back('\'');
    } else if (c == '#' && BeginsWord(line, at)) {
      break;
    } else if (inside == '(' && c == '(') {
      nesting_.push_back('(');
    } else if (inside == '(' && c == ')') {
      nesting_.pop_back();
    } else if (c == '<' && line.substr(at).starts_with("<<")) {
      TALLY_TRY(TakeHeredocMark(line.substr(at + 2), number));
      // The quotes of the word belong to the mark.
      at = line.find(heredoc_, at) + heredoc_.size();
    }
    if (nesting_.size() > kMaxNesting) {
      return InputError("line " + std::to_string(number) +
                        ": found more than 64 levels of quotes");
    }
  }
  return Ok();
}

Status ShellLines::Finish() const {
  if (AtStatement()) return Ok();
  return InputError("line " + std::to_string(begun_at_) +
                    ": begins something that has no end");
}

}  // namespace tally
