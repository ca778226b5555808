#include "builder/sources/oci_image.h"

#include "builder/local_files.h"
#include "builder/sources/oci_layers.h"
#include "common/hash.h"
#include "common/text.h"
#include "formats/oci.h"

namespace tally {
namespace {

LockedBlob BlobOf(const OciDescriptor& descriptor) {
  return {.sha256 = descriptor.sha256, .size_bytes = descriptor.size_bytes};
}

// Documents reads documents and remembers how large they are.
struct Documents {
  const OciDocumentReader& read;

  Result<std::string> Read(const Sha256Digest& sha256,
                           std::optional<uint64_t> size_bytes,
                           LockedBlob* blob) const {
    TALLY_ASSIGN(const Bytes bytes, read(sha256, size_bytes));
    const Sha256Digest got = Sha256(bytes);
    if (got != sha256 || (size_bytes && *size_bytes != bytes.size())) {
      return InputError("found a document of " + std::to_string(bytes.size()) +
                        " bytes\n  expected " + sha256.hex() + "\n       got " +
                        got.hex());
    }
    *blob = {.sha256 = sha256, .size_bytes = bytes.size()};
    return std::string(AsText(bytes));
  }
};

// Follow reads the documents of an image.
Result<LockedOciImage> Follow(const Sha256Digest& digest,
                              std::string_view architecture,
                              const Documents& documents) {
  LockedOciImage image;
  TALLY_ASSIGN(std::string text,
               documents.Read(digest, std::nullopt, &image.manifest));
  TALLY_ASSIGN(const bool is_index, IsOciIndex(text));
  if (is_index) {
    image.index = image.manifest;
    TALLY_ASSIGN(const std::vector<OciIndexEntry> index, ParseOciIndex(text));
    TALLY_ASSIGN(const OciDescriptor chosen,
                 ChooseOciManifest(index, architecture));
    TALLY_ASSIGN(text, documents.Read(chosen.sha256, chosen.size_bytes,
                                      &image.manifest));
  }
  TALLY_ASSIGN(const OciManifest manifest, ParseOciManifest(text));
  TALLY_ASSIGN(text, documents.Read(manifest.config.sha256,
                                    manifest.config.size_bytes, &image.config));
  TALLY_ASSIGN(const OciConfig config, ParseOciConfig(text));
  if (config.os != "linux" || config.architecture != architecture) {
    return InputError("oci config: found an image for " +
                      Quote(config.os + "/" + config.architecture) +
                      ", expected 'linux/" + std::string(architecture) + "'");
  }
  if (config.diff_ids.size() != manifest.layers.size()) {
    return InputError(
        "oci config: found " + std::to_string(config.diff_ids.size()) +
        " diff_ids, expected " + std::to_string(manifest.layers.size()) +
        ", one for each layer");
  }
  for (const OciDescriptor& layer : manifest.layers) {
    image.layers.push_back(
        {.blob = BlobOf(layer), .media_type = layer.media_type});
  }
  return image;
}

Result<Bytes> ReadStored(const Store& store, const Sha256Digest& sha256) {
  const uint64_t size_bytes = store.SizeOf(sha256).value_or(0);
  TALLY_ASSIGN(const MappedFile file, store.Read(sha256, size_bytes));
  return ToBytes(file.bytes());
}

}  // namespace

Result<LockedOciImage> DescribeOciImage(const OciImageSpec& spec,
                                        std::string_view architecture,
                                        const OciDocumentReader& read,
                                        Store& store) {
  const OciDocumentReader keep =
      [&](const Sha256Digest& sha256,
          std::optional<uint64_t> size_bytes) -> Result<Bytes> {
    TALLY_ASSIGN(Bytes bytes, read(sha256, size_bytes));
    if (Sha256(bytes) == sha256) TALLY_TRY(store.Put(bytes));
    return bytes;
  };
  TALLY_ASSIGN(LockedOciImage image,
               Follow(spec.digest, architecture, Documents{keep}));
  image.name = spec.name;
  image.layout = spec.layout;
  image.registry = spec.registry;
  return image;
}

Status CheckOciImage(const Lock& lock, const LockedOciImage& image,
                     const Store& store) {
  const OciDocumentReader read = [&](const Sha256Digest& sha256,
                                     std::optional<uint64_t>) {
    return ReadStored(store, sha256);
  };
  const Sha256Digest digest =
      image.index ? image.index->sha256 : image.manifest.sha256;
  TALLY_ASSIGN(const LockedOciImage found,
               Follow(digest, lock.architecture, Documents{read}));
  if (found.index == image.index && found.manifest == image.manifest &&
      found.config == image.config && found.layers == image.layers) {
    return Ok();
  }
  return InputError(lock.path.string() + ": OCI image " + Quote(image.name) +
                    " is not what its documents say")
      .Hint("run tally lock again");
}

Result<SourceTree> ReadOciLayers(const LockedOciImage& image,
                                 const Store& store,
                                 const std::vector<Content>& layers,
                                 MappedFiles* mapped) {
  TALLY_ASSIGN(const Bytes text, ReadStored(store, image.config.sha256));
  TALLY_ASSIGN(const OciConfig config, ParseOciConfig(AsText(text)));
  LayerMerger merger;
  for (size_t i = 0; i < layers.size(); ++i) {
    const std::string where = "reading layer " + std::to_string(i + 1) +
                              " of OCI image " + Quote(image.name);
    Result<Content> tar = OpenTar(layers[i], mapped);
    if (!tar) return std::move(tar).error().While(where);
    if (tar->sha256 != config.diff_ids.at(i)) {
      return InputError("the layer unpacks to other bytes\n  expected " +
                        config.diff_ids[i].hex() + "\n       got " +
                        tar->sha256.hex())
          .While(where);
    }
    Status added = merger.Add({.content = *tar, .mapped = *mapped});
    if (!added) return std::move(added).error().While(where);
  }
  return std::move(merger).Take();
}

Result<Content> ReadLayoutBlob(const fs::path& root, const std::string& layout,
                               const Sha256Digest& sha256,
                               MappedFiles* mapped) {
  TALLY_ASSIGN(const fs::path path,
               LocalPath(root, layout + "/blobs/sha256/" + sha256.hex()));
  if (IsAbsent(path)) {
    return InputError("OCI layout " + Quote((root / layout).string()) +
                      " has no blob " + sha256.hex());
  }
  TALLY_ASSIGN(Content content, mapped->Map(path));
  if (content.sha256 == sha256) return content;
  return InputError(Quote(path.string()) + " has other bytes\n  expected " +
                    sha256.hex() + "\n       got " + content.sha256.hex());
}

}  // namespace tally
