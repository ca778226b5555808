// files.json: every file of every image, so that two releases can be compared
// without their images.
#pragma once

#include <string>

#include "builder/tree.h"
#include "common/json.h"

namespace tally {

// FileRecord is one line of files.json, without the origin: what the image
// itself says. `sha256` is that of a file's content.
// Epoch 1 had no extended attributes.
Json::Object FileRecord(const FileNode& node, uint64_t size_bytes,
                        const Sha256Digest& sha256, int format_epoch);

// NamedTree is one image's tree; `name` is "root" or "initrd".
struct NamedTree {
  std::string name;
  const Tree* tree = nullptr;
};

// FormatFilesJson returns the text: one record per file, with path, type, mode,
// owner, size, digest or link target, and origin. See docs/formats/release.md.
std::string FormatFilesJson(const std::vector<NamedTree>& trees,
                            int format_epoch);

}  // namespace tally
