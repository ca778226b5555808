// CycloneDX 1.6, JSON: https://cyclonedx.org/docs/1.6/json/, schema
// bom-1.6.schema.json of CycloneDX/specification, commit e02a34ae (2026-08-07).
//
// Not written: licences and copyright (not read yet), and a signature inside of
// the document (the release is signed as a whole).
#include "sbom/cyclonedx.h"

#include <algorithm>
#include <map>

#include "common/json.h"
#include "common/text.h"
#include "sbom/purl.h"

namespace tally {
namespace {

Json Property(const std::string& name, const std::string& value) {
  // The namespace keeps our names apart from other tools' (CycloneDX property
  // taxonomy).
  return Json::Object{{"name", "tallystick:" + name}, {"value", value}};
}

Json Hashes(const Sha256Digest& sha256) {
  return Json::Array{
      Json::Object{{"alg", "SHA-256"}, {"content", sha256.hex()}}};
}

Json Organization(const std::string& name) {
  return Json::Object{{"name", name}};
}

// RelativeUrl is an IRI reference without a host: mirrors are nobody's
// business.
std::string RelativeUrl(const std::string& path) {
  std::vector<std::string> parts = Split(path, '/');
  for (std::string& part : parts) part = PercentEncoded(part);
  return Join(parts, "/");
}

Json SourceOf(const SbomDocument& document, const SbomPackage& package) {
  for (const SbomSource& source : document.sources) {
    if (source.purl != package.source_ref) continue;
    return Json::Object{{"name", source.name},
                        {"purl", source.purl},
                        {"supplier", Organization(source.supplier)},
                        {"type", "library"},
                        {"version", source.version}};
  }
  return {};
}

Json PackageComponent(const SbomDocument& document,
                      const SbomPackage& package) {
  Json::Array properties = {
      Property("architecture", package.architecture),
      Property("archive", package.archive),
      Property("size", std::to_string(package.size_bytes)),
      Property("suite", package.suite),
  };
  for (const std::string& tree : package.trees) {
    properties.emplace_back(Property("tree", tree));
  }
  return Json::Object{
      {"bom-ref", package.ref},
      {"externalReferences",
       Json::Array{Json::Object{
           {"comment", "relative to the archive '" + package.archive + "'"},
           {"hashes", Hashes(package.sha256)},
           {"type", "distribution"},
           {"url", RelativeUrl(package.path)}}}},
      {"hashes", Hashes(package.sha256)},
      {"name", package.name},
      {"pedigree",
       Json::Object{{"ancestors", Json::Array{SourceOf(document, package)}}}},
      {"properties", std::move(properties)},
      {"purl", package.purl},
      {"supplier", Organization(package.supplier)},
      {"type", "library"},
      {"version", package.version},
  };
}

Json FileComponent(const SbomDocument& document, const SbomFile& file) {
  Json::Object component = {
      {"bom-ref", file.ref},
      {"hashes", Hashes(file.sha256)},
      {"name", file.name},
      {"properties",
       Json::Array{Property("kind", file.kind),
                   Property("size", std::to_string(file.size_bytes))}},
      {"purl", file.purl},
      {"type", file.artifact == ArtifactKind::kFirmware ? "firmware" : "file"},
  };
  if (file.artifact) component["version"] = document.version;
  if (!file.url.empty()) {
    component["externalReferences"] =
        Json::Array{Json::Object{{"hashes", Hashes(file.sha256)},
                                 {"type", "distribution"},
                                 {"url", file.url}}};
  }
  return component;
}

Json LayerComponent(const SbomLayer& layer) {
  const LockedBlob& blob = layer.locked.blob;
  return Json::Object{
      {"bom-ref", layer.ref},
      {"hashes", Hashes(blob.sha256)},
      {"mime-type", layer.locked.media_type},
      {"name", layer.name},
      {"properties",
       Json::Array{Property("kind", "OCI layer"),
                   Property("size", std::to_string(blob.size_bytes))}},
      {"type", "file"},
  };
}

// The digest of an image is that of its manifest, which names all the rest.
Json OciImageComponent(const SbomOciImage& image) {
  Json::Array properties = {
      Property("kind", "OCI image"),
      Property("from", image.from),
      Property("config:sha256", image.config.sha256.hex()),
  };
  if (image.index) {
    properties.emplace_back(
        Property("index:sha256", image.index->sha256.hex()));
  }
  Json::Array layers;
  for (const SbomLayer& layer : image.layers) {
    layers.emplace_back(LayerComponent(layer));
  }
  return Json::Object{
      {"bom-ref", image.ref},
      {"components", std::move(layers)},
      {"hashes", Hashes(image.manifest.sha256)},
      {"name", image.name},
      {"properties", std::move(properties)},
      {"purl", image.purl},
      {"type", "container"},
      {"version", "sha256:" + image.manifest.sha256.hex()},
  };
}

// AllRefs returns what the image depends on: packages and what else enters it,
// and its artifacts, sorted.
Json::Array AllRefs(const SbomDocument& document) {
  std::vector<std::string> refs;
  for (const SbomPackage& package : document.packages) {
    refs.push_back(package.ref);
  }
  for (const SbomFile& file : document.files) refs.push_back(file.ref);
  for (const SbomOciImage& image : document.oci_images) {
    refs.push_back(image.ref);
  }
  std::sort(refs.begin(), refs.end());
  return {refs.begin(), refs.end()};
}

Json Metadata(const SbomDocument& document) {
  return Json::Object{
      {"component",
       Json::Object{
           {"bom-ref", document.ref},
           {"name", document.name},
           {"properties",
            Json::Array{Property("architecture", document.architecture),
                        Property("lock:sha256", document.lock_sha256.hex())}},
           {"purl", document.ref},
           {"type", "operating-system"},
           {"version", document.version}}},
      // Of the document, not of what it describes; the licence that SPDX
      // demands for its own documents.
      {"licenses",
       Json::Array{Json::Object{{"license", Json::Object{{"id", "CC0-1.0"}}}}}},
      {"lifecycles", Json::Array{Json::Object{{"phase", "build"}}}},
      {"timestamp", FormatUtcTime(document.source_date_epoch)},
      {"tools", Json::Object{{"components",
                              Json::Array{Json::Object{
                                  {"name", kSbomToolName},
                                  {"type", "application"},
                                  {"version",
                                   SbomToolVersion(document.format_epoch)}}}}}},
  };
}

// Components are sorted by bom-ref; DescribeImage saw to it that none is twice.
Json Components(const SbomDocument& document) {
  std::map<std::string, Json> by_ref;
  for (const SbomPackage& package : document.packages) {
    by_ref.emplace(package.ref, PackageComponent(document, package));
  }
  for (const SbomFile& file : document.files) {
    by_ref.emplace(file.ref, FileComponent(document, file));
  }
  for (const SbomOciImage& image : document.oci_images) {
    by_ref.emplace(image.ref, OciImageComponent(image));
  }
  Json::Array components;
  for (const auto& [ref, component] : by_ref) {
    components.emplace_back(component);
  }
  return components;
}

// Dependencies has an entry for every ref of which anything is known. An empty
// list would say "depends on nothing", so packages without a known dependency
// have no entry; a file is data and does depend on nothing.
Json Dependencies(const SbomDocument& document) {
  std::map<std::string, Json::Array> depends_on;
  depends_on[document.ref] = AllRefs(document);
  for (const SbomPackage& package : document.packages) {
    if (package.known_dependencies.empty()) continue;
    depends_on[package.ref] = {package.known_dependencies.begin(),
                               package.known_dependencies.end()};
  }
  for (const SbomFile& file : document.files) depends_on[file.ref] = {};
  for (const SbomOciImage& image : document.oci_images) {
    Json::Array& layers = depends_on[image.ref];
    for (const SbomLayer& layer : image.layers) {
      layers.emplace_back(layer.ref);
      depends_on[layer.ref] = {};
    }
  }

  Json::Array dependencies;
  for (auto& [ref, refs] : depends_on) {
    dependencies.emplace_back(
        Json::Object{{"dependsOn", std::move(refs)}, {"ref", ref}});
  }
  return dependencies;
}

// NotLookedInto returns the refs of what may have software of its own in it. A
// local file is as the manifest's author wrote it.
Json::Array NotLookedInto(const SbomDocument& document) {
  std::vector<std::string> refs;
  for (const SbomFile& file : document.files) {
    if (file.kind == "directory" || file.kind == "download") {
      refs.push_back(file.ref);
    }
  }
  for (const SbomOciImage& image : document.oci_images) {
    refs.push_back(image.ref);
  }
  return {refs.begin(), refs.end()};
}

// Compositions: the list of what is in the image is complete, since nothing
// outside of the lock can enter it; the graph between packages is not, and what
// software is in an OCI image, a directory or an archive nobody has looked at.
Json Compositions(const SbomDocument& document) {
  Json::Array compositions = {
      Json::Object{{"aggregate", "complete"}},
      Json::Object{{"aggregate", "complete"},
                   {"assemblies", Json::Array{document.ref}},
                   {"dependencies", Json::Array{document.ref}}},
  };
  Json::Array packages;
  for (const SbomPackage& package : document.packages) {
    packages.emplace_back(package.ref);
  }
  if (!packages.empty()) {
    compositions.emplace_back(Json::Object{
        {"aggregate", "incomplete"}, {"dependencies", std::move(packages)}});
  }
  const Json::Array unknown = NotLookedInto(document);
  if (!unknown.empty()) {
    compositions.emplace_back(
        Json::Object{{"aggregate", "unknown"}, {"assemblies", unknown}});
  }
  return compositions;
}

}  // namespace

std::string FormatCycloneDx(const SbomDocument& document) {
  return Json(
             Json::Object{
                 {"$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json"},
                 {"bomFormat", "CycloneDX"},
                 {"components", Components(document)},
                 {"compositions", Compositions(document)},
                 {"dependencies", Dependencies(document)},
                 {"metadata", Metadata(document)},
                 {"serialNumber", "urn:uuid:" + document.uuid},
                 {"specVersion", "1.6"},
                 {"version", 1},
             })
      .Pretty();
}

}  // namespace tally
