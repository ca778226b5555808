#include "manifests/source_reader.h"

#include <vector>

#include "common/text.h"

namespace tally {
namespace {

// Deeper archives than this have no use for the number.
constexpr uint64_t kMaxStrip = 16;

}  // namespace

void ReadOnlyOne(YamlReader& reader, const YamlMap& map, std::string_view what,
                 std::initializer_list<Choice> choices) {
  std::vector<std::string> known;
  std::vector<std::string> found;
  for (const Choice& choice : choices) {
    known.push_back(Quote(choice.key));
    const YamlNode* node = map.Find(choice.key);
    if (node == nullptr) continue;
    found.push_back(Quote(choice.key));
    *choice.value = reader.Text(*node, choice.rule);
  }
  if (found.size() == 1) return;
  const std::string text =
      found.empty() ? "none of " + Join(known, ", ")
                    : (found.size() == 2 ? "both " : "") + Join(found, " and ");
  reader.Refuse(map.where(), "found " + text + " in " + std::string(what) +
                                 ", expected one of them");
}

TreeSourceSpec ReadTreeSource(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a tree",
              {"path", "directory", "download", "oci", "strip"});
  TreeSourceSpec tree = {
      .path = map.Text("path", kHomePath),
      .strip = static_cast<unsigned>(map.NumberOr("strip", 0, kMaxStrip, 0)),
      .where = map.where()};
  ReadOnlyOne(reader, map, "a tree",
              {{"directory", kRelativePath, &tree.directory},
               {"download", kSourceName, &tree.download},
               {"oci", kSourceName, &tree.oci}});
  if (map.Find("strip") != nullptr && !tree.download) {
    reader.Refuse(map.where(),
                  "found 'strip' in a tree that is no download, expected it "
                  "with 'download' only");
  }
  return tree;
}

DownloadSpec ReadDownload(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a download", {"name", "url", "sha256"});
  return {.name = map.Text("name", kSourceName),
          .url = map.Text("url", kDownloadUrl),
          .sha256 = reader.Sha256(map.Need("sha256")),
          .where = map.where()};
}

OciImageSpec ReadOciImage(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "an OCI image",
              {"name", "layout", "registry", "digest"});
  OciImageSpec image = {.name = map.Text("name", kSourceName),
                        .where = map.where()};
  ReadOnlyOne(reader, map, "an OCI image",
              {{"layout", kRelativePath, &image.layout},
               {"registry", kRegistryName, &image.registry}});
  const std::string digest = map.Text("digest", kOciDigest);
  if (!reader.ok()) return image;
  const Result<Sha256Digest> parsed = Sha256Digest::FromHex(digest.substr(7));
  if (parsed) image.digest = *parsed;
  return image;
}

}  // namespace tally
