// Reading downloads, directories and OCI images of a lock.
#include "common/text.h"
#include "manifests/lock_reader.h"
#include "manifests/source_reader.h"

namespace tally {
namespace {

constexpr uint64_t kMaxDirectoryEntries = 2'000'000;

LockedDownload ReadDownloadFacts(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a download", {"name", "url", "size", "sha256"});
  return {.name = map.Text("name", kSourceName),
          .url = map.Text("url", kDownloadUrl),
          .size_bytes = map.Number("size", 0, kMaxInputSize),
          .sha256 = reader.Sha256(map.Need("sha256"))};
}

LockedDirectory ReadDirectoryFacts(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a directory",
              {"path", "entries", "size", "sha256"});
  return {.path = map.Text("path", kRelativePath),
          .num_entries = map.Number("entries", 0, kMaxDirectoryEntries),
          .size_bytes = map.Number("size", 0, kMaxInputSize),
          .sha256 = reader.Sha256(map.Need("sha256"))};
}

LockedBlob ReadBlob(YamlReader& reader, const YamlNode& node,
                    std::string_view what) {
  YamlMap map(reader, node, what, {"size", "sha256"});
  return {.sha256 = reader.Sha256(map.Need("sha256")),
          .size_bytes = map.Number("size", 0, kMaxInputSize)};
}

LockedLayer ReadLayer(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a layer", {"media_type", "size", "sha256"});
  return {.blob = {.sha256 = reader.Sha256(map.Need("sha256")),
                   .size_bytes = map.Number("size", 0, kMaxInputSize)},
          .media_type = map.Text("media_type", kPrintable)};
}

LockedOciImage ReadImageFacts(YamlReader& reader, const YamlNode& node) {
  YamlMap map(
      reader, node, "an OCI image",
      {"name", "layout", "registry", "index", "manifest", "config", "layers"});
  LockedOciImage image = {.name = map.Text("name", kSourceName)};
  ReadOnlyOne(reader, map, "an OCI image",
              {{"layout", kRelativePath, &image.layout},
               {"registry", kRegistryName, &image.registry}});
  if (const YamlNode* index = map.Find("index")) {
    image.index = ReadBlob(reader, *index, "an index");
  }
  image.manifest = ReadBlob(reader, map.Need("manifest"), "a manifest");
  image.config = ReadBlob(reader, map.Need("config"), "a config");
  map.Need("layers");
  image.layers = map.ListOrNone("layers", ReadLayer);
  return image;
}

// ReadSection reads a list that is sorted, and not empty if it is there.
template <typename T>
std::vector<T> ReadSection(YamlReader& reader, const YamlMap& map,
                           std::string_view key, std::string_view what,
                           std::string T::*order,
                           T (*read)(YamlReader&, const YamlNode&)) {
  std::vector<T> entries;
  const YamlNode* node = map.Find(key);
  if (node == nullptr) return entries;
  Ordered ordered(reader, what);
  for (const YamlNode& item : reader.Items(*node)) {
    entries.push_back(read(reader, item));
    ordered.Next(item.where, entries.back().*order);
  }
  return entries;
}

}  // namespace

void ReadLockedSources(YamlReader& reader, const YamlMap& map, Lock& lock) {
  lock.downloads = ReadSection(reader, map, "downloads", "download",
                               &LockedDownload::name, ReadDownloadFacts);
  lock.directories = ReadSection(reader, map, "directories", "directory",
                                 &LockedDirectory::path, ReadDirectoryFacts);
  lock.oci_images = ReadSection(reader, map, "oci_images", "OCI image",
                                &LockedOciImage::name, ReadImageFacts);
}

std::vector<NamedBlob> BlobsOf(const Lock& lock) {
  std::vector<NamedBlob> blobs;
  for (const LockedDownload& download : lock.downloads) {
    blobs.push_back({.name = "download " + download.name,
                     .blob = {.sha256 = download.sha256,
                              .size_bytes = download.size_bytes}});
  }
  for (const LockedOciImage& image : lock.oci_images) {
    const std::string name = "oci " + image.name + " ";
    if (image.index) blobs.push_back({name + "index", *image.index});
    blobs.push_back({name + "manifest", image.manifest});
    blobs.push_back({name + "config", image.config});
    for (size_t i = 0; i < image.layers.size(); ++i) {
      blobs.push_back(
          {name + "layer " + std::to_string(i + 1), image.layers[i].blob});
    }
  }
  return blobs;
}

}  // namespace tally
