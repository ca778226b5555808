// files.json: every file of every image, so that two releases can be compared
// without their images.
#pragma once

#include <string>

#include "builder/tree.h"

namespace tally {

// NamedTree is one image's tree; `name` is "root" or "initrd".
struct NamedTree {
  std::string name;
  const Tree* tree = nullptr;
};

// FormatFilesJson returns the text: one record per file, with path, type, mode,
// owner, size, digest or link target, and origin. See docs/formats/release.md.
std::string FormatFilesJson(const std::vector<NamedTree>& trees);

}  // namespace tally
