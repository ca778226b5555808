// The layers of an OCI image, merged: OCI Image Format Specification 1.1,
// layer.md. See docs/formats/oci.md.
#pragma once

#include <map>
#include <string>

#include "builder/sources/tar_tree.h"

namespace tally {

// LayerMerger applies layers to an empty file system, lowest first.
class LayerMerger {
 public:
  // Add applies one layer, a tar archive that is not compressed. Whiteouts hide
  // what the layers below have, and nothing of their own layer. Path traversal,
  // absolute paths, duplicate members, members below something that is no
  // directory, hard links to anything but a file that is there, and whiteouts
  // of nothing, of "." or "..", with content, or of an unknown kind are
  // InputErrors.
  Status Add(const TarSource& layer);

  // Take returns the merged tree.
  SourceTree Take() &&;

 private:
  using Entries = std::map<std::string, SourceEntry>;
  struct Layer;

  Status ReadMember(const TarMember& member, const TarSource& source,
                    Layer* layer);
  Status ApplyWhiteouts(const Layer& layer);
  Status ApplyEntries(Layer* layer);
  Status CheckParents(const std::string& path) const;
  void RemoveBelow(const std::string& path);

  Entries entries_;
  unsigned num_layers_ = 0;
};

}  // namespace tally
