// Where statements begin in a shell script: quotes, command substitutions,
// here-documents and continued lines, followed line by line.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace tally {

class ShellLines {
 public:
  // AtStatement says whether the next line begins a statement: it is not part
  // of a string, a here-document or a statement of several lines.
  bool AtStatement() const {
    return nesting_.empty() && heredoc_.empty() && !continued_;
  }

  // Take goes over one line. An InputError "line N: …" says what is not clear.
  Status Take(std::string_view line, size_t number);

  // Finish refuses an end inside a string or here-document.
  Status Finish() const;

 private:
  bool EndsHeredoc(std::string_view line) const;
  Status TakeHeredocMark(std::string_view rest, size_t number);

  // Innermost last: ' and " for strings, ( for what "$(" began.
  std::string nesting_;
  std::string heredoc_;  // the word that ends it
  bool heredoc_tabs_ = false;
  bool continued_ = false;
  size_t begun_at_ = 0;
};

}  // namespace tally
