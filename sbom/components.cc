#include "sbom/components.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "common/hash.h"
#include "common/text.h"
#include "sbom/purl.h"
#include "sbom/sources.h"

namespace tally {
namespace {

// Scanners match Debian's security data by release number (grype:
// "distro=debian-12"). Numbers: distro-info-data, debian.csv.
struct DebianRelease {
  std::string_view codename;
  std::string_view number;
};
constexpr std::array<DebianRelease, 6> kDebianReleases = {{
    {"buster", "10"},
    {"bullseye", "11"},
    {"bookworm", "12"},
    {"trixie", "13"},
    {"forky", "14"},
    {"duke", "15"},
}};

// Vendor is who stands behind a suite, and the purl namespace that is theirs.
struct Vendor {
  std::string supplier;
  std::string purl_namespace;
};

// VendorOf maps the Release field Origin. Debian's archives use two values
// (suites bookworm and bookworm-backports); no other vendor
// may claim Debian's namespace.
Vendor VendorOf(const LockedSuite& suite) {
  if (suite.origin == "Debian" || suite.origin == "Debian Backports") {
    return {.supplier = "Debian", .purl_namespace = "debian"};
  }
  if (suite.origin.empty()) {
    return {.supplier = suite.archive, .purl_namespace = suite.archive};
  }
  return {.supplier = suite.origin, .purl_namespace = suite.origin};
}

// DistroOf returns "debian-12" for bookworm and its companions
// (bookworm-backports), else the codename as it is.
std::string DistroOf(const LockedSuite& suite, const Vendor& vendor) {
  const std::string codename =
      suite.codename.empty() ? suite.suite : suite.codename;
  if (vendor.purl_namespace != "debian") return codename;
  const std::string base = codename.substr(0, codename.find('-'));
  for (const DebianRelease& release : kDebianReleases) {
    if (release.codename == base)
      return "debian-" + std::string(release.number);
  }
  return codename;
}

std::string WithVersion(const std::string& name, const std::string& version) {
  return version.empty() ? name : name + "@" + version;
}

// PackageAndSource is one package and the source that it was built from.
struct PackageAndSource {
  SbomPackage package;
  SbomSource source;
};

PackageAndSource DescribePackage(const LockedPackage& locked,
                                 const LockedSuite& suite) {
  const Vendor vendor = VendorOf(suite);
  Purl purl = {
      .type = "deb",
      .namespaces = {vendor.purl_namespace},
      .name = locked.name,
      .version = locked.version,
      .qualifiers = {{"arch", locked.architecture},
                     {"distro", DistroOf(suite, vendor)}},
  };
  const std::string ref = FormatPurl(purl);
  if (locked.source != locked.name || locked.source_version != locked.version) {
    purl.qualifiers["upstream"] =
        locked.source_version == locked.version
            ? locked.source
            : WithVersion(locked.source, locked.source_version);
  }
  const std::string source_purl = FormatPurl({
      .type = "deb",
      .namespaces = {vendor.purl_namespace},
      .name = locked.source,
      .version = locked.source_version,
      .qualifiers = {{"arch", "source"}, {"distro", purl.qualifiers["distro"]}},
  });

  std::vector<std::string> trees;
  for (const auto& [tree, chain] : locked.why) trees.push_back(tree);
  return {
      .package = {.ref = ref,
                  .purl = FormatPurl(purl),
                  .name = locked.name,
                  .version = locked.version,
                  .architecture = locked.architecture,
                  .supplier = vendor.supplier,
                  .archive = locked.archive,
                  .suite = locked.suite,
                  .path = locked.path,
                  .size_bytes = locked.size_bytes,
                  .sha256 = locked.sha256,
                  .source_ref = source_purl,
                  .trees = std::move(trees)},
      .source = {.purl = source_purl,
                 .name = locked.source,
                 .version = locked.source_version,
                 .supplier = vendor.supplier},
  };
}

// ChainEdges collects, from chains "curl > libcurl4 > libc6", which package
// names depend on which, within one tree.
using Edges = std::map<std::string, std::set<std::string>>;

std::map<std::string, Edges> ChainEdges(const Lock& lock) {
  std::map<std::string, Edges> edges_by_tree;
  for (const LockedPackage& package : lock.packages) {
    for (const auto& [tree, chain] : package.why) {
      const std::vector<std::string> names = Split(chain, '>');
      for (size_t i = 1; i < names.size(); ++i) {
        edges_by_tree[tree][std::string(Trim(names[i - 1]))].emplace(
            Trim(names[i]));
      }
    }
  }
  return edges_by_tree;
}

// AddKnownDependencies resolves the names of the chains to refs. A name that is
// not in the tree is left out: the chain explains, it does not install.
void AddKnownDependencies(const Lock& lock,
                          std::vector<SbomPackage>* packages) {
  const std::map<std::string, Edges> edges_by_tree = ChainEdges(lock);
  std::map<std::pair<std::string, std::string>, std::string> ref_by_tree_name;
  for (const SbomPackage& package : *packages) {
    for (const std::string& tree : package.trees) {
      ref_by_tree_name[{tree, package.name}] = package.ref;
    }
  }
  for (SbomPackage& package : *packages) {
    std::set<std::string> refs;
    for (const std::string& tree : package.trees) {
      const auto edges = edges_by_tree.find(tree);
      if (edges == edges_by_tree.end()) continue;
      const auto names = edges->second.find(package.name);
      if (names == edges->second.end()) continue;
      for (const std::string& name : names->second) {
        const auto ref = ref_by_tree_name.find({tree, name});
        if (ref != ref_by_tree_name.end() && ref->second != package.ref) {
          refs.insert(ref->second);
        }
      }
    }
    package.known_dependencies.assign(refs.begin(), refs.end());
  }
}

Status AddPackages(const Lock& lock, SbomDocument* document) {
  std::map<std::string, SbomSource> sources;
  for (const LockedPackage& locked : lock.packages) {
    const LockedSuite* suite = EvidenceFor(lock, locked);
    if (suite == nullptr) {
      return InputError("package " + Quote(locked.name) + " is from suite " +
                        Quote(locked.suite) + " of archive " +
                        Quote(locked.archive) +
                        ", which the lock does not list");
    }
    PackageAndSource described = DescribePackage(locked, *suite);
    document->packages.push_back(std::move(described.package));
    sources.emplace(described.source.purl, described.source);
  }
  std::ranges::sort(document->packages, {}, &SbomPackage::ref);
  AddKnownDependencies(lock, &document->packages);
  for (auto& [purl, source] : sources) {
    document->sources.push_back(std::move(source));
  }
  return Ok();
}

void AddArtifacts(const SbomInput& input, SbomDocument* document) {
  for (const BuiltArtifact& artifact : input.artifacts) {
    document->files.push_back(
        {.ref = "artifact:" + artifact.name,
         .purl = GenericPurl(artifact.name, input.version, artifact.sha256),
         .name = artifact.name,
         .kind = ArtifactKindName(artifact.kind),
         .artifact = artifact.kind,
         .size_bytes = artifact.size_bytes,
         .sha256 = artifact.sha256});
  }
}

Status CheckText(const std::string& what, const std::string& text) {
  if (IsUtf8(text)) return Ok();
  return InputError(what + " " + Quote(text) + " is not UTF-8");
}

// CheckTexts refuses what JSON cannot carry. Refs and purls need no look: they
// are percent-encoded, or begin with a name that is checked here.
Status CheckTexts(const SbomDocument& document) {
  TALLY_TRY(CheckText("image name", document.name));
  TALLY_TRY(CheckText("image version", document.version));
  TALLY_TRY(CheckText("architecture", document.architecture));
  for (const SbomPackage& package : document.packages) {
    TALLY_TRY(CheckText("package name", package.name));
    for (const std::string* text :
         {&package.version, &package.architecture, &package.supplier,
          &package.archive, &package.suite, &package.path}) {
      const Status status =
          CheckText("package " + Quote(package.name) + ": field", *text);
      if (!status) return status;
    }
    for (const std::string& tree : package.trees) {
      TALLY_TRY(CheckText("tree name", tree));
    }
  }
  for (const SbomSource& source : document.sources) {
    TALLY_TRY(CheckText("source package name", source.name));
    TALLY_TRY(CheckText("source package version", source.version));
  }
  for (const SbomFile& file : document.files) {
    TALLY_TRY(CheckText("file name", file.name));
    TALLY_TRY(CheckText("URL", file.url));
  }
  for (const SbomOciImage& image : document.oci_images) {
    TALLY_TRY(CheckText("OCI image name", image.name));
    TALLY_TRY(CheckText("source of an OCI image", image.from));
    for (const SbomLayer& layer : image.layers) {
      TALLY_TRY(CheckText("media type", layer.locked.media_type));
    }
  }
  return Ok();
}

// CheckRefs refuses two components with one ref: a reader could not tell them
// apart.
Status CheckRefs(const SbomDocument& document) {
  std::set<std::string> refs = {document.ref};
  std::vector<std::string> all;
  for (const SbomPackage& package : document.packages) {
    all.push_back(package.ref);
  }
  for (const SbomSource& source : document.sources) all.push_back(source.purl);
  for (const SbomFile& file : document.files) all.push_back(file.ref);
  for (const SbomOciImage& image : document.oci_images) {
    all.push_back(image.ref);
    for (const SbomLayer& layer : image.layers) all.push_back(layer.ref);
  }
  for (const std::string& ref : all) {
    if (!refs.insert(ref).second) {
      return InputError("two components are called " + Quote(ref));
    }
  }
  return Ok();
}

// DocumentUuid is a function of what was pinned and what it is called: a
// rebuilder gets the same one. Names are separated by zeros, which they cannot
// contain.
std::string DocumentUuid(const SbomDocument& document) {
  ByteWriter seed;
  seed.Text("tallystick sbom v1").U8(0);
  seed.Raw(document.lock_sha256.span());
  seed.Text(document.name).U8(0).Text(document.version).U8(0);
  return Uuid8(Sha256(seed.bytes()));
}

}  // namespace

std::string ArtifactKindName(ArtifactKind kind) {
  switch (kind) {
    case ArtifactKind::kKernel:
      return "kernel";
    case ArtifactKind::kInitrd:
      return "initrd";
    case ArtifactKind::kCommandLine:
      return "command line";
    case ArtifactKind::kRootImage:
      return "root image";
    case ArtifactKind::kDiskImage:
      return "disk image";
    case ArtifactKind::kUnifiedKernelImage:
      return "unified kernel image";
    case ArtifactKind::kSystemPartition:
      return "EFI system partition";
    case ArtifactKind::kEnclaveImage:
      return "enclave image";
    case ArtifactKind::kFirmware:
      return "firmware";
    case ArtifactKind::kVolumeImage:
      return "volume image";
    case ArtifactKind::kOther:
      break;
  }
  return "other";
}

std::string Uuid8(const Sha256Digest& seed) {
  Bytes bytes = ToBytes(seed.span().first(16));
  // RFC 9562 sections 4.1 and 4.2: variant 10x, version 8.
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x80);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  const std::string hex = Hex(bytes);
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) +
         "-" + hex.substr(16, 4) + "-" + hex.substr(20);
}

std::string SbomToolVersion(int format_epoch) {
  return "format-epoch-" + std::to_string(format_epoch);
}

Result<SbomDocument> DescribeImage(const Lock& lock, const SbomInput& input) {
  SbomDocument document = {.name = input.name,
                           .version = input.version,
                           .architecture = lock.architecture,
                           .source_date_epoch = input.source_date_epoch,
                           .format_epoch = lock.format_epoch,
                           .lock_sha256 = lock.sha256};
  document.ref = FormatPurl({.type = "generic",
                             .name = input.name,
                             .version = input.version,
                             .qualifiers = {{"arch", lock.architecture}}});
  TALLY_TRY(AddPackages(lock, &document));
  AddSources(lock, &document);
  AddArtifacts(input, &document);
  std::ranges::sort(document.files, {}, &SbomFile::ref);
  TALLY_TRY(CheckTexts(document));
  TALLY_TRY(CheckRefs(document));
  document.uuid = DocumentUuid(document);
  return document;
}

}  // namespace tally
