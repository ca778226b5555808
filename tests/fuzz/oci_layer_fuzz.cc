// Two layers of any bytes merge into a tree in which every parent is a
// directory and no path leaves the tree, or into an error.
#include <map>

#include "builder/merged_path.h"
#include "builder/sources/oci_layers.h"
#include "common/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const size_t half = size / 1024 * 512;  // tar has blocks of 512 bytes
  const tally::MappedFiles mapped;
  tally::LayerMerger merger;
  for (const tally::ByteSpan layer :
       {tally::ByteSpan(data, half),
        tally::ByteSpan(data + half, size - half)}) {
    const tally::Content tar = {.owner = nullptr, .bytes = layer, .sha256 = {}};
    if (!merger.Add({.content = tar, .mapped = mapped})) return 0;
  }
  std::map<std::string, tally::NodeType> types;
  for (const tally::SourceEntry& entry : std::move(merger).Take()) {
    TALLY_CHECK(tally::NormalPath(entry.path).value() == entry.path);
    TALLY_CHECK(tally::BaseName(entry.path).substr(0, 4) != ".wh.");
    types[entry.path] = entry.type;
  }
  for (const auto& [path, type] : types) {
    const auto parent = types.find(std::string(tally::ParentPath(path)));
    TALLY_CHECK(path.empty() || parent == types.end() ||
                parent->second == tally::NodeType::kDirectory);
  }
  return 0;
}
