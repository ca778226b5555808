// Paths of lines that were read cannot leave a root, and mean the same when
// they are written again byte by byte.
#include <string>

#include "common/check.h"
#include "common/text.h"
#include "formats/tmpfiles.h"

namespace tally {
namespace {

std::string Escaped(const std::string& text) {
  std::string word;
  for (const char at : text) {
    const uint8_t byte = static_cast<uint8_t>(at);
    word += "\\x" + Hex({&byte, 1}) + (at == '%' ? "%" : "");
  }
  return word;
}

void CheckPath(const std::string& path) {
  TALLY_CHECK(path.starts_with('/') && path.size() <= 4096);
  if (path == "/") return;
  for (const std::string& component : Split(path.substr(1), '/')) {
    TALLY_CHECK(!component.empty() && component != "." && component != ".." &&
                component.size() <= 255);
  }
}

}  // namespace
}  // namespace tally

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto lines = tally::ParseTmpfiles(tally::AsText({data, size}), "'x'");
  if (!lines) {
    TALLY_CHECK(lines.error().message().starts_with("'x' line "));
    return 0;
  }
  for (const tally::TmpfilesLine& line : *lines) {
    tally::CheckPath(line.path);
    if (!line.boot_specifier.empty()) continue;
    TALLY_CHECK(!line.mode || line.mode->mode <= 07777);
    if (line.type == 'C' && !line.argument.empty()) {
      tally::CheckPath(line.argument);
    }
    const auto again =
        tally::ParseTmpfilesLine("d " + tally::Escaped(line.path));
    TALLY_CHECK(again && again->path == line.path);
  }
  return 0;
}
