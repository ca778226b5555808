#include "builder/merged_path.h"

#include <algorithm>

#include "common/text.h"

namespace tally {

Result<std::string> MergedPath(std::string_view path) {
  std::string_view rest = path;
  while (rest.starts_with("./")) rest.remove_prefix(2);
  if (rest == ".") rest = "";
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.empty()) return std::string();
  for (const std::string& component : Split(rest, '/')) {
    if (component.empty() || component == "." || component == ".." ||
        component.find('\0') != std::string::npos) {
      return InputError("path " + Quote(path) +
                        ", expected a relative path without '..', '.' or empty "
                        "components");
    }
  }
  const std::string_view top = rest.substr(0, rest.find('/'));
  const bool merged =
      std::ranges::find(kMergedDirectories, top) != kMergedDirectories.end();
  return (merged ? "usr/" : "") + std::string(rest);
}

}  // namespace tally
