// Packages: whatever unpacks has only normal relative paths, each once, and
// goes into a tree or is refused.

#include <set>

#include "builder/archive.h"
#include "builder/merged_path.h"
#include "builder/package.h"
#include "builder/tree.h"
#include "common/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan deb(data, size);
  (void)tally::ReadDebControl(deb);
  const tally::Result<tally::UnpackedPackage> package = tally::UnpackPackage(
      "fuzz", deb,
      [](const std::string& path) { return path.size() % 2 == 0; });
  if (!package) {
    TALLY_CHECK(package.error().code() == tally::ErrorCode::kInput);
    return 0;
  }
  std::set<std::string> paths;
  for (const tally::UnpackedEntry& entry : package->entries) {
    TALLY_CHECK(paths.insert(entry.path).second);
    const tally::Result<std::string> merged =
        tally::MergedPath("./" + entry.path);
    TALLY_CHECK(merged && *merged == entry.path);
  }
  tally::Tree tree;
  const tally::Manifest manifest;
  if (tally::AddPackages(manifest, {}, {*package}, &tree)) {
    const tally::Status checked = tally::CheckFileList(tree.ToFileList(0));
    TALLY_CHECK(checked || checked.error().code() == tally::ErrorCode::kInput);
  }
  return 0;
}
