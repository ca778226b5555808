#include "builder/sources/sources.h"

#include <algorithm>

#include "builder/local_files.h"
#include "builder/sources/directory.h"
#include "builder/sources/oci_image.h"
#include "builder/sources/tar_tree.h"
#include "common/text.h"

namespace tally {
namespace {

// MapStored maps an entry of the store, which must be what the lock says.
Result<Content> MapStored(const Store& store, const LockedBlob& blob,
                          MappedFiles* mapped) {
  if (store.Contains(blob.sha256, blob.size_bytes)) {
    TALLY_ASSIGN(Content content, mapped->Map(store.EntryPath(blob.sha256)));
    if (content.sha256 == blob.sha256) return content;
  }
  // The store has the words for what is wrong.
  TALLY_ASSIGN(const MappedFile file, store.Read(blob.sha256, blob.size_bytes));
  return MakeContent(ToBytes(file.bytes()));
}

Status ReadDownloads(const Lock& lock, const Store& store, Sources* sources) {
  for (const LockedDownload& download : lock.downloads) {
    Result<Content> content = MapStored(
        store, {.sha256 = download.sha256, .size_bytes = download.size_bytes},
        &sources->mapped);
    if (!content) {
      return std::move(content).error().While("reading download " +
                                              Quote(download.name));
    }
    sources->downloads[download.name] = *std::move(content);
  }
  return Ok();
}

Result<SourceTree> ReadOci(const Lock& lock, const LockedOciImage& image,
                           const Store& store, MappedFiles* mapped) {
  TALLY_TRY(CheckOciImage(lock, image, store));
  std::vector<Content> layers;
  for (const LockedLayer& layer : image.layers) {
    TALLY_ASSIGN(Content content, MapStored(store, layer.blob, mapped));
    layers.push_back(std::move(content));
  }
  return ReadOciLayers(image, store, layers, mapped);
}

// ReadTree reads what one entry of `trees` takes.
Result<SourceTree> ReadTree(const TreeSourceSpec& spec, const Lock& lock,
                            const Store& store, const fs::path& root,
                            Sources* sources) {
  if (spec.directory) {
    const auto locked = std::ranges::find(lock.directories, *spec.directory,
                                          &LockedDirectory::path);
    return ReadLockedDirectory(root, *locked, store, &sources->mapped);
  }
  if (spec.oci) {
    const auto locked =
        std::ranges::find(lock.oci_images, *spec.oci, &LockedOciImage::name);
    return ReadOci(lock, *locked, store, &sources->mapped);
  }
  TALLY_ASSIGN(const Content tar, OpenTar(sources->downloads.at(*spec.download),
                                          &sources->mapped));
  return UnpackTar({.content = tar, .mapped = sources->mapped}, spec.strip);
}

}  // namespace

Origin OriginOf(const TreeSourceSpec& spec) {
  if (spec.directory) return {"directory", *spec.directory};
  if (spec.download) return {"download", *spec.download};
  return {"oci", spec.oci.value_or("")};
}

std::string TreeKey(const TreeSourceSpec& spec) {
  return OriginOf(spec).ToString() + " strip " + std::to_string(spec.strip);
}

Result<Sources> ReadSources(const Manifest& manifest, const Lock& lock,
                            const Store& store, const fs::path& root) {
  Sources sources;
  TALLY_ASSIGN(sources.local_files,
               ReadLocalFiles(lock, root, &sources.mapped));
  TALLY_TRY(ReadDownloads(lock, store, &sources));
  for (const TreeSpec* tree : TreesOf(manifest)) {
    for (const TreeSourceSpec& spec : tree->trees) {
      const std::string key = TreeKey(spec);
      if (sources.trees.contains(key)) continue;
      Result<SourceTree> read = ReadTree(spec, lock, store, root, &sources);
      if (!read) {
        return std::move(read).error().While("reading " +
                                             OriginOf(spec).ToString() +
                                             " of " + At(manifest, spec.where));
      }
      sources.trees[key] = *std::move(read);
    }
  }
  return sources;
}

}  // namespace tally
