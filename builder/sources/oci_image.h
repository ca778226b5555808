// One locked OCI image: its documents and its layers. See docs/formats/oci.md.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/content.h"
#include "builder/sources/mapped.h"
#include "builder/sources/source_tree.h"
#include "builder/store.h"
#include "manifests/lock.h"
#include "manifests/manifest.h"

namespace tally {

// OciDocumentReader brings a small blob, a document, and checks its digest.
// `size` is none if nobody knows it yet.
using OciDocumentReader = std::function<Result<Bytes>(
    const Sha256Digest& sha256, std::optional<uint64_t> size_bytes)>;

// DescribeOciImage follows an image from its digest to its layers: an index if
// there is one, the manifest for `architecture`, the configuration. Every
// document goes into the store; layers do not.
Result<LockedOciImage> DescribeOciImage(const OciImageSpec& spec,
                                        std::string_view architecture,
                                        const OciDocumentReader& read,
                                        Store& store);

// CheckOciImage follows a locked image in the same way, in the store: what the
// lock says of it is what its documents say.
Status CheckOciImage(const Lock& lock, const LockedOciImage& image,
                     const Store& store);

// ReadOciLayers merges the layers of an image, whose blobs are `layers`. Each
// must have the digest that the configuration gives for it, uncompressed.
Result<SourceTree> ReadOciLayers(const LockedOciImage& image,
                                 const Store& store,
                                 const std::vector<Content>& layers,
                                 MappedFiles* mapped);

// ReadLayoutBlob returns a blob of an OCI layout directory. One with another
// digest is an InputError.
Result<Content> ReadLayoutBlob(const fs::path& root, const std::string& layout,
                               const Sha256Digest& sha256, MappedFiles* mapped);

}  // namespace tally
