#include "builder/merged_path.h"

#include <algorithm>

#include "common/text.h"

namespace tally {
namespace {

// Linux: PATH_MAX less the final NUL, and NAME_MAX.
constexpr size_t kMaxPathBytes = 4095;
constexpr size_t kMaxNameBytes = 255;

}  // namespace

Result<std::string> NormalPath(std::string_view path) {
  std::string_view rest = path;
  while (rest.starts_with("./")) rest.remove_prefix(2);
  if (rest == ".") rest = "";
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.empty()) return std::string();
  if (rest.size() > kMaxPathBytes) {
    return InputError("path of " + std::to_string(rest.size()) +
                      " bytes, expected at most " +
                      std::to_string(kMaxPathBytes));
  }
  for (const std::string& component : Split(rest, '/')) {
    if (component.size() > kMaxNameBytes) {
      return InputError("file name of " + std::to_string(component.size()) +
                        " bytes, expected at most " +
                        std::to_string(kMaxNameBytes));
    }
    if (component.empty() || component == "." || component == ".." ||
        component.find('\0') != std::string::npos) {
      return InputError("path " + Quote(path) +
                        ", expected a relative path without '..', '.' or empty "
                        "components");
    }
  }
  return std::string(rest);
}

Result<std::string> MergedPath(std::string_view path) {
  TALLY_ASSIGN(std::string normal, NormalPath(path));
  const std::string top = normal.substr(0, normal.find('/'));
  const bool merged =
      std::ranges::find(kMergedDirectories, top) != kMergedDirectories.end();
  return merged ? "usr/" + normal : normal;
}

}  // namespace tally
