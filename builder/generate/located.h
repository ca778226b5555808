// Errors of the parsers in formats/, which do not know of which file a text is.
#pragma once

#include <string>

#include "common/result.h"

namespace tally {

// Located puts a path of the tree before the text of a parser's error:
// "'/etc/x' line 3: …", "'/etc/x': …".
inline Error Located(const std::string& path, const Error& error) {
  const std::string& message = error.message();
  return Error(error.code(), "'/" + path + "'" +
                                 (message.starts_with("line ") ? " " : ": ") +
                                 message);
}

}  // namespace tally
