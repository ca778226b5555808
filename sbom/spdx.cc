// SPDX 2.3, JSON: https://spdx.github.io/spdx-spec/v2.3/, schema of
// spdx/spdx-spec branch support/2.3, commit ed8c9b52.
//
// Files are packages with the purpose FILE: the `files` list demands SHA-1
// (clause 8.4), which is worth nothing. Licences and copyright are not read yet
// and say NOASSERTION.
#include "sbom/spdx.h"

#include <map>
#include <set>
#include <tuple>

#include "common/hash.h"
#include "common/json.h"
#include "common/text.h"
#include "sbom/purl.h"

namespace tally {
namespace {

constexpr const char* kDocumentId = "SPDXRef-DOCUMENT";
constexpr const char* kImageId = "SPDXRef-Image";
constexpr const char* kNoAssertion = "NOASSERTION";

// SpdxId names an element: letters, digits, '.' and '-' only (clause 3.2). The
// digest keeps names apart that differ in other characters.
std::string SpdxId(const std::string& kind, const std::string& name,
                   const std::string& ref) {
  std::string id = "SPDXRef-" + kind + "-";
  for (const char c : name) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '.' || c == '-';
    id += allowed ? c : '-';
  }
  return id + "-" + Sha256(AsBytes(ref)).hex().substr(0, 12);
}

std::string IdOf(const SbomPackage& package) {
  return SpdxId("Package", package.name, package.ref);
}
std::string IdOf(const SbomSource& source) {
  return SpdxId("Source", source.name, source.purl);
}
std::string IdOf(const SbomFile& file) {
  return SpdxId("File", file.name, file.ref);
}
std::string IdOf(const SbomOciImage& image) {
  return SpdxId("OciImage", image.name, image.ref);
}
std::string IdOf(const SbomLayer& layer) {
  return SpdxId("OciLayer", layer.name, layer.ref);
}

// PackageBase has the fields of every package; the caller adds its own. A layer
// has no purl.
Json::Object PackageBase(const std::string& id, const std::string& name,
                         const std::string& purl, const char* purpose) {
  Json::Object package = {
      {"SPDXID", id},
      {"copyrightText", kNoAssertion},
      // A location would be a mirror; `sourceInfo` has the path in the archive.
      {"downloadLocation", kNoAssertion},
      {"filesAnalyzed", false},
      {"licenseConcluded", kNoAssertion},
      {"licenseDeclared", kNoAssertion},
      {"name", name},
      {"primaryPackagePurpose", purpose},
  };
  if (purl.empty()) return package;
  // The schema spells PACKAGE-MANAGER with a hyphen.
  package["externalRefs"] =
      Json::Array{Json::Object{{"referenceCategory", "PACKAGE-MANAGER"},
                               {"referenceLocator", purl},
                               {"referenceType", "purl"}}};
  return package;
}

Json Checksums(const Sha256Digest& sha256) {
  return Json::Array{
      Json::Object{{"algorithm", "SHA256"}, {"checksumValue", sha256.hex()}}};
}

std::string BaseName(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

Json ImagePackage(const SbomDocument& document) {
  Json::Object package =
      PackageBase(kImageId, document.name, document.ref, "OPERATING_SYSTEM");
  package["comment"] = "architecture: " + document.architecture +
                       "; lock: sha256:" + document.lock_sha256.hex();
  package["supplier"] = kNoAssertion;
  package["versionInfo"] = document.version;
  return package;
}

Json DebianPackage(const SbomPackage& described) {
  Json::Object package =
      PackageBase(IdOf(described), described.name, described.purl, "LIBRARY");
  package["checksums"] = Checksums(described.sha256);
  package["comment"] = "size: " + std::to_string(described.size_bytes) +
                       " bytes; in: " + Join(described.trees, ", ");
  package["packageFileName"] = BaseName(described.path);
  package["sourceInfo"] = "archive: " + described.archive +
                          "; suite: " + described.suite +
                          "; path: " + described.path;
  package["supplier"] = "Organization: " + described.supplier;
  package["versionInfo"] = described.version;
  return package;
}

Json SourcePackage(const SbomSource& source) {
  Json::Object package =
      PackageBase(IdOf(source), source.name, source.purl, "SOURCE");
  package["supplier"] = "Organization: " + source.supplier;
  package["versionInfo"] = source.version;
  return package;
}

Json FilePackage(const SbomDocument& document, const SbomFile& file) {
  const bool is_firmware = file.artifact == ArtifactKind::kFirmware;
  Json::Object package = PackageBase(IdOf(file), file.name, file.purl,
                                     is_firmware ? "FIRMWARE" : "FILE");
  package["checksums"] = Checksums(file.sha256);
  package["comment"] =
      "size: " + std::to_string(file.size_bytes) + " bytes; kind: " + file.kind;
  if (!file.url.empty()) package["downloadLocation"] = file.url;
  package["packageFileName"] = BaseName(file.name);
  package["supplier"] = kNoAssertion;
  if (file.artifact) package["versionInfo"] = document.version;
  return package;
}

Json OciImagePackage(const SbomOciImage& image) {
  Json::Object package =
      PackageBase(IdOf(image), image.name, image.purl, "CONTAINER");
  package["checksums"] = Checksums(image.manifest.sha256);
  package["comment"] =
      "kind: OCI image; config: sha256:" + image.config.sha256.hex() +
      (image.index ? "; index: sha256:" + image.index->sha256.hex() : "");
  package["sourceInfo"] = image.from;
  package["supplier"] = kNoAssertion;
  package["versionInfo"] = "sha256:" + image.manifest.sha256.hex();
  return package;
}

Json LayerPackage(const SbomLayer& layer) {
  Json::Object package = PackageBase(IdOf(layer), layer.name, "", "ARCHIVE");
  package["checksums"] = Checksums(layer.locked.blob.sha256);
  package["comment"] =
      "size: " + std::to_string(layer.locked.blob.size_bytes) +
      " bytes; kind: OCI layer; media type: " + layer.locked.media_type;
  package["supplier"] = kNoAssertion;
  return package;
}

// Packages are sorted by SPDXID.
Json Packages(const SbomDocument& document) {
  std::multimap<std::string, Json> by_id;
  by_id.emplace(kImageId, ImagePackage(document));
  for (const SbomPackage& package : document.packages) {
    by_id.emplace(IdOf(package), DebianPackage(package));
  }
  for (const SbomSource& source : document.sources) {
    by_id.emplace(IdOf(source), SourcePackage(source));
  }
  for (const SbomFile& file : document.files) {
    by_id.emplace(IdOf(file), FilePackage(document, file));
  }
  for (const SbomOciImage& image : document.oci_images) {
    by_id.emplace(IdOf(image), OciImagePackage(image));
    for (const SbomLayer& layer : image.layers) {
      by_id.emplace(IdOf(layer), LayerPackage(layer));
    }
  }
  Json::Array packages;
  for (const auto& [id, package] : by_id) packages.emplace_back(package);
  return packages;
}

// Relationships, as (element, kind, related element), sorted.
Json Relationships(const SbomDocument& document) {
  std::set<std::tuple<std::string, std::string, std::string>> all;
  all.emplace(kDocumentId, "DESCRIBES", kImageId);

  std::map<std::string, std::string> id_by_ref;
  for (const SbomPackage& package : document.packages) {
    id_by_ref[package.ref] = IdOf(package);
  }
  for (const SbomSource& source : document.sources) {
    id_by_ref[source.purl] = IdOf(source);
  }
  for (const SbomPackage& package : document.packages) {
    const std::string id = IdOf(package);
    all.emplace(kImageId, "CONTAINS", id);
    all.emplace(kImageId, "DEPENDS_ON", id);
    all.emplace(id_by_ref[package.source_ref], "GENERATES", id);
    for (const std::string& ref : package.known_dependencies) {
      all.emplace(id, "DEPENDS_ON", id_by_ref[ref]);
    }
  }
  for (const SbomFile& file : document.files) {
    all.emplace(kImageId, "CONTAINS", IdOf(file));
    all.emplace(kImageId, "DEPENDS_ON", IdOf(file));
  }
  for (const SbomOciImage& image : document.oci_images) {
    all.emplace(kImageId, "CONTAINS", IdOf(image));
    all.emplace(kImageId, "DEPENDS_ON", IdOf(image));
    for (const SbomLayer& layer : image.layers) {
      all.emplace(IdOf(image), "CONTAINS", IdOf(layer));
    }
  }

  Json::Array relationships;
  for (const auto& [element, kind, related] : all) {
    relationships.emplace_back(Json::Object{{"relatedSpdxElement", related},
                                            {"relationshipType", kind},
                                            {"spdxElementId", element}});
  }
  return relationships;
}

// DocumentNamespace is a name, not an address: unique by the UUID at its end.
std::string DocumentNamespace(const SbomDocument& document) {
  return "https://tallystick.dev/spdx/" + PercentEncoded(document.name) + "-" +
         PercentEncoded(document.version) + "-" + document.uuid;
}

}  // namespace

std::string FormatSpdx(const SbomDocument& document) {
  return Json(
             Json::Object{
                 {"SPDXID", kDocumentId},
                 {"creationInfo",
                  Json::Object{
                      {"comment", "generation context: build"},
                      {"created", FormatUtcTime(document.source_date_epoch)},
                      {"creators",
                       Json::Array{std::string("Tool: ") + kSbomToolName + "-" +
                                   SbomToolVersion(document.format_epoch)}}}},
                 {"dataLicense", "CC0-1.0"},
                 {"documentNamespace", DocumentNamespace(document)},
                 {"name", document.name + "-" + document.version},
                 {"packages", Packages(document)},
                 {"relationships", Relationships(document)},
                 {"spdxVersion", "SPDX-2.3"},
             })
      .Pretty();
}

}  // namespace tally
