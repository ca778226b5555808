// Both documents: every field, and determinism. Schemas:
// official_schema_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "common/json.h"
#include "sbom/cyclonedx.h"
#include "sbom/spdx.h"
#include "tests/sbom/sample.h"

namespace tally {
namespace {

using test::DigestOf;
using test::SampleDocument;
using test::SampleInput;
using test::SampleLock;

Json CycloneDx() {
  return ParseJson(FormatCycloneDx(SampleDocument())).value();
}
Json Spdx() { return ParseJson(FormatSpdx(SampleDocument())).value(); }

// Member returns the value at a path of keys and array indexes:
// "components/0/name". It ends the test run if there is none.
const Json& Member(const Json& value, const std::string& path) {
  const Json* at = &value;
  for (const std::string& step : Split(path, '/')) {
    at = at->array() != nullptr ? &at->array()->at(std::stoul(step))
                                : at->Find(step);
    if (at == nullptr) {
      std::fprintf(stderr, "test: no %s\n", path.c_str());
      std::abort();
    }
  }
  return *at;
}

std::string TextAt(const Json& value, const std::string& path) {
  return *Member(value, path).text();
}

// Only returns the one item of an array whose member `key` is `value`.
const Json& Only(const Json& array, const std::string& key,
                 const std::string& value) {
  const Json* found = nullptr;
  for (const Json& item : *array.array()) {
    const Json* member = item.Find(key);
    if (member == nullptr || member->text() == nullptr) continue;
    if (*member->text() != value) continue;
    EXPECT_EQ(found, nullptr) << value;
    found = &item;
  }
  if (found == nullptr) {
    std::fprintf(stderr, "test: no %s\n", value.c_str());
    std::abort();
  }
  return *found;
}

TEST(CycloneDx, HeadHasEveryField) {
  const Json bom = CycloneDx();
  EXPECT_EQ(TextAt(bom, "$schema"),
            "http://cyclonedx.org/schema/bom-1.6.schema.json");
  EXPECT_EQ(TextAt(bom, "bomFormat"), "CycloneDX");
  EXPECT_EQ(TextAt(bom, "specVersion"), "1.6");
  EXPECT_EQ(Member(bom, "version"), Json(1));
  EXPECT_EQ(TextAt(bom, "serialNumber"), "urn:uuid:" + SampleDocument().uuid);
}

TEST(CycloneDx, MetadataHasEveryField) {
  EXPECT_EQ(
      Member(CycloneDx(), "metadata").Canonical(),
      R"({"component":{"bom-ref":"pkg:generic/minimal-cvm@0.1~rc1?arch=amd64",)"
      R"("name":"minimal-cvm","properties":[{"name":"tallystick:architecture",)"
      R"("value":"amd64"},{"name":"tallystick:lock:sha256","value":")" +
          DigestOf("lock").hex() +
          R"("}],"purl":"pkg:generic/minimal-cvm@0.1~rc1?arch=amd64",)"
          R"("type":"operating-system","version":"0.1~rc1"},)"
          R"("licenses":[{"license":{"id":"CC0-1.0"}}],)"
          R"("lifecycles":[{"phase":"build"}],)"
          R"("timestamp":"2025-06-15T15:06:40Z","tools":{"components":[)"
          R"({"name":"tally","type":"application",)"
          R"("version":"format-epoch-2"}]}})");
}

TEST(CycloneDx, PackageHasEveryField) {
  const SbomPackage package = SampleDocument().packages[3];
  const Json bom = CycloneDx();
  const std::string hashes = R"([{"alg":"SHA-256","content":")" +
                             DigestOf("linux.deb").hex() + R"("}])";
  EXPECT_EQ(
      Only(Member(bom, "components"), "bom-ref", package.ref).Canonical(),
      R"({"bom-ref":")" + package.ref +
          R"(","externalReferences":[{"comment":"relative to the archive )"
          R"('debian'","hashes":)" +
          hashes +
          R"(,"type":"distribution","url":"pool/main/l/linux/)"
          R"(linux-image-cloud_6.12~bpo12%2B1_amd64.deb"}],"hashes":)" +
          hashes +
          R"(,"name":"linux-image-cloud","pedigree":{"ancestors":[{"name":)"
          R"("linux-signed-amd64","purl":")" +
          package.source_ref +
          R"(","supplier":{"name":"Debian"},"type":"library",)"
          R"("version":"6.12+1~bpo12+1"}]},"properties":[)"
          R"({"name":"tallystick:architecture","value":"amd64"},)"
          R"({"name":"tallystick:archive","value":"debian"},)"
          R"({"name":"tallystick:size","value":"400"},)"
          R"({"name":"tallystick:suite","value":"bookworm-backports"},)"
          R"({"name":"tallystick:tree","value":"initrd"},)"
          R"({"name":"tallystick:tree","value":"kernel"}],"purl":")" +
          package.purl +
          R"(","supplier":{"name":"Debian"},"type":"library",)"
          R"("version":"1:6.12~bpo12+1"})");
}

TEST(CycloneDx, FilesHaveEveryField) {
  const Json bom = CycloneDx();
  const Json& components = Member(bom, "components");
  EXPECT_EQ(
      Only(components, "bom-ref", "artifact:artifacts/OVMF.fd").Canonical(),
      R"({"bom-ref":"artifact:artifacts/OVMF.fd","hashes":[{"alg":"SHA-256",)"
      R"("content":")" +
          DigestOf("firmware").hex() +
          R"("}],"name":"artifacts/OVMF.fd","properties":[)"
          R"({"name":"tallystick:kind","value":"firmware"},)"
          R"({"name":"tallystick:size","value":"700"}],)"
          R"("purl":"pkg:generic/OVMF.fd@0.1~rc1?checksum=sha256:)" +
          DigestOf("firmware").hex() +
          R"(","type":"firmware","version":"0.1~rc1"})");
  const Json& kernel = Only(components, "bom-ref", "artifact:artifacts/kernel");
  EXPECT_EQ(TextAt(kernel, "type"), "file");
  EXPECT_EQ(TextAt(kernel, "properties/0/value"), "kernel");
  const Json& file = Only(components, "bom-ref", "file:etc/service.conf");
  EXPECT_EQ(TextAt(file, "type"), "file");
  EXPECT_EQ(TextAt(file, "properties/0/value"), "local file");
  EXPECT_EQ(file.Find("version"), nullptr);
}

TEST(CycloneDx, DownloadsHaveTheirUrl) {
  const Json bom = CycloneDx();
  const std::string hashes =
      R"([{"alg":"SHA-256","content":")" + DigestOf("model").hex() + R"("}])";
  EXPECT_EQ(
      Only(Member(bom, "components"), "bom-ref", "download:model").Canonical(),
      R"({"bom-ref":"download:model","externalReferences":[{"hashes":)" +
          hashes +
          R"(,"type":"distribution",)"
          R"("url":"https://example.org/a/model-1.bin?raw=1"}],"hashes":)" +
          hashes +
          R"(,"name":"model","properties":[)"
          R"({"name":"tallystick:kind","value":"download"},)"
          R"({"name":"tallystick:size","value":"900"}],)"
          R"("purl":"pkg:generic/model?checksum=sha256:)" +
          DigestOf("model").hex() +
          R"(&download_url=https:%2F%2Fexample.org%2Fa%2F)"
          R"(model-1.bin%3Fraw%3D1","type":"file"})");
}

TEST(CycloneDx, OciImagesHaveTheirLayersInside) {
  const Json bom = CycloneDx();
  const Json& image = Only(Member(bom, "components"), "bom-ref", "oci:app");
  EXPECT_EQ(TextAt(image, "type"), "container");
  EXPECT_EQ(TextAt(image, "purl"), SampleDocument().oci_images[0].purl);
  EXPECT_EQ(TextAt(image, "version"), "sha256:" + DigestOf("manifest").hex());
  EXPECT_EQ(TextAt(image, "hashes/0/content"), DigestOf("manifest").hex());
  EXPECT_EQ(Member(image, "properties").Canonical(),
            R"([{"name":"tallystick:kind","value":"OCI image"},)"
            R"({"name":"tallystick:from",)"
            R"("value":"registry registry.example.org:5000/team/app"},)"
            R"({"name":"tallystick:config:sha256","value":")" +
                DigestOf("config").hex() +
                R"("},{"name":"tallystick:index:sha256","value":")" +
                DigestOf("index").hex() + R"("}])");
  EXPECT_EQ(Member(image, "components").array()->size(), 2u);
  EXPECT_EQ(
      Member(image, "components/0").Canonical(),
      R"({"bom-ref":"oci:app:layer-1","hashes":[{"alg":"SHA-256","content":")" +
          DigestOf("layer 1").hex() +
          R"("}],"mime-type":"application/vnd.oci.image.layer.v1.tar+gzip",)"
          R"("name":"app layer 1","properties":[)"
          R"({"name":"tallystick:kind","value":"OCI layer"},)"
          R"({"name":"tallystick:size","value":"1000"}],"type":"file"})");
  EXPECT_EQ(Only(Member(bom, "dependencies"), "ref", "oci:app")
                .Find("dependsOn")
                ->Canonical(),
            R"(["oci:app:layer-1","oci:app:layer-2"])");
}

TEST(CycloneDx, ImageDependsOnEveryComponent) {
  const Json bom = CycloneDx();
  std::vector<Json> refs;
  for (const Json& component : *Member(bom, "components").array()) {
    refs.push_back(*component.Find("bom-ref"));
  }
  EXPECT_EQ(refs.size(), 12u);
  const Json& image =
      Only(Member(bom, "dependencies"), "ref", SampleDocument().ref);
  EXPECT_EQ(*image.Find("dependsOn")->array(), refs);
}

TEST(CycloneDx, ClaimsNoMoreDependenciesThanAreKnown) {
  const SbomDocument document = SampleDocument();
  const Json bom = CycloneDx();
  std::vector<std::string> refs;
  for (const Json& entry : *Member(bom, "dependencies").array()) {
    refs.push_back(TextAt(entry, "ref"));
  }
  EXPECT_THAT(
      refs,
      testing::ElementsAre(
          "artifact:artifacts/OVMF.fd", "artifact:artifacts/kernel",
          "artifact:artifacts/volume-data.img", "directory:site/assets",
          "download:model", "file:etc/service.conf", "oci:app",
          "oci:app:layer-1", "oci:app:layer-2", "oci:side", "oci:side:layer-1",
          document.packages[0].ref, document.packages[2].ref, document.ref));
  EXPECT_EQ(Only(Member(bom, "dependencies"), "ref", document.packages[2].ref)
                .Find("dependsOn")
                ->Canonical(),
            "[\"" + document.packages[1].ref + "\"]");
}

TEST(CycloneDx, SaysWhatIsComplete) {
  const SbomDocument document = SampleDocument();
  const Json bom = CycloneDx();
  const Json& compositions = Member(bom, "compositions");
  EXPECT_EQ(Member(compositions, "0").Canonical(),
            R"({"aggregate":"complete"})");
  EXPECT_EQ(Member(compositions, "1").Canonical(),
            R"({"aggregate":"complete","assemblies":[")" + document.ref +
                R"("],"dependencies":[")" + document.ref + R"("]})");
  EXPECT_EQ(TextAt(compositions, "2/aggregate"), "incomplete");
  EXPECT_EQ(Member(compositions, "2/dependencies").array()->size(), 4u);
  EXPECT_EQ(Member(compositions, "3").Canonical(),
            R"({"aggregate":"unknown","assemblies":["directory:site/assets",)"
            R"("download:model","oci:app","oci:side"]})");
  EXPECT_EQ(compositions.array()->size(), 4u);
}

TEST(Spdx, HeadHasEveryField) {
  Json::Object head = *Spdx().object();
  head.erase("packages");
  head.erase("relationships");
  EXPECT_EQ(Json(head).Canonical(),
            R"({"SPDXID":"SPDXRef-DOCUMENT","creationInfo":{"comment":)"
            R"("generation context: build","created":"2025-06-15T15:06:40Z",)"
            R"("creators":["Tool: tally-format-epoch-2"]},)"
            R"("dataLicense":"CC0-1.0","documentNamespace":)"
            R"("https://tallystick.dev/spdx/minimal-cvm-0.1~rc1-)" +
                SampleDocument().uuid +
                R"(","name":"minimal-cvm-0.1~rc1","spdxVersion":"SPDX-2.3"})");
}

TEST(Spdx, PackageHasEveryField) {
  const Json spdx = Spdx();
  const Json& package =
      Only(Member(spdx, "packages"), "name", "linux-image-cloud");
  const SbomPackage described = SampleDocument().packages[3];
  EXPECT_EQ(
      package.Canonical(),
      R"({"SPDXID":"SPDXRef-Package-linux-image-cloud-)" +
          DigestOf(described.ref).hex().substr(0, 12) +
          R"(","checksums":[{"algorithm":"SHA256","checksumValue":")" +
          DigestOf("linux.deb").hex() +
          R"("}],"comment":"size: 400 bytes; in: initrd, kernel",)"
          R"("copyrightText":"NOASSERTION","downloadLocation":"NOASSERTION",)"
          R"("externalRefs":[{"referenceCategory":"PACKAGE-MANAGER",)"
          R"("referenceLocator":")" +
          described.purl +
          R"(","referenceType":"purl"}],"filesAnalyzed":false,)"
          R"("licenseConcluded":"NOASSERTION","licenseDeclared":"NOASSERTION",)"
          R"("name":"linux-image-cloud","packageFileName":)"
          R"("linux-image-cloud_6.12~bpo12+1_amd64.deb",)"
          R"("primaryPackagePurpose":"LIBRARY","sourceInfo":)"
          R"("archive: debian; suite: bookworm-backports; path: )" +
          described.path +
          R"(","supplier":"Organization: Debian",)"
          R"("versionInfo":"1:6.12~bpo12+1"})");
}

TEST(Spdx, OtherPackagesHaveTheirPurpose) {
  const Json spdx = Spdx();
  const Json& packages = Member(spdx, "packages");
  EXPECT_EQ(packages.array()->size(), 20u);
  const Json& image = Only(packages, "SPDXID", "SPDXRef-Image");
  EXPECT_EQ(TextAt(image, "primaryPackagePurpose"), "OPERATING_SYSTEM");
  EXPECT_EQ(TextAt(image, "versionInfo"), "0.1~rc1");
  EXPECT_EQ(TextAt(image, "comment"),
            "architecture: amd64; lock: sha256:" + DigestOf("lock").hex());
  const Json& source = Only(packages, "name", "glibc");
  EXPECT_EQ(TextAt(source, "primaryPackagePurpose"), "SOURCE");
  EXPECT_EQ(TextAt(source, "versionInfo"), "2.36-9+deb12u10");
  const Json& firmware = Only(packages, "name", "artifacts/OVMF.fd");
  EXPECT_EQ(TextAt(firmware, "primaryPackagePurpose"), "FIRMWARE");
  EXPECT_EQ(TextAt(firmware, "checksums/0/checksumValue"),
            DigestOf("firmware").hex());
  EXPECT_EQ(TextAt(firmware, "comment"), "size: 700 bytes; kind: firmware");
  const Json& file = Only(packages, "name", "etc/service.conf");
  EXPECT_EQ(TextAt(file, "primaryPackagePurpose"), "FILE");
  EXPECT_EQ(TextAt(file, "packageFileName"), "service.conf");
}

TEST(Spdx, SourcesHaveTheirPurpose) {
  const Json spdx = Spdx();
  const Json& packages = Member(spdx, "packages");
  const Json& download = Only(packages, "name", "model");
  EXPECT_EQ(TextAt(download, "primaryPackagePurpose"), "FILE");
  EXPECT_EQ(TextAt(download, "downloadLocation"),
            "https://example.org/a/model-1.bin?raw=1");
  EXPECT_EQ(TextAt(download, "comment"), "size: 900 bytes; kind: download");
  const Json& directory = Only(packages, "name", "site/assets");
  EXPECT_EQ(TextAt(directory, "downloadLocation"), "NOASSERTION");
  EXPECT_EQ(TextAt(directory, "checksums/0/checksumValue"),
            DigestOf("listing").hex());
  const Json& volume = Only(packages, "name", "artifacts/volume-data.img");
  EXPECT_EQ(TextAt(volume, "comment"), "size: 1200 bytes; kind: volume image");
  const Json& image = Only(packages, "name", "app");
  EXPECT_EQ(TextAt(image, "primaryPackagePurpose"), "CONTAINER");
  EXPECT_EQ(TextAt(image, "comment"),
            "kind: OCI image; config: sha256:" + DigestOf("config").hex() +
                "; index: sha256:" + DigestOf("index").hex());
  EXPECT_EQ(TextAt(image, "sourceInfo"),
            "registry registry.example.org:5000/team/app");
  EXPECT_EQ(TextAt(image, "externalRefs/0/referenceLocator"),
            SampleDocument().oci_images[0].purl);
  const Json& layer = Only(packages, "name", "side layer 1");
  EXPECT_EQ(TextAt(layer, "primaryPackagePurpose"), "ARCHIVE");
  EXPECT_EQ(TextAt(layer, "comment"),
            "size: 1100 bytes; kind: OCI layer; media type: "
            "application/vnd.oci.image.layer.v1.tar");
  EXPECT_EQ(TextAt(layer, "checksums/0/checksumValue"),
            DigestOf("layer 2").hex());
  EXPECT_EQ(layer.Find("externalRefs"), nullptr);
}

TEST(Spdx, RelationshipsSayWhatContainsAndWhatGenerates) {
  const Json spdx = Spdx();
  std::map<std::string, int> counts;
  std::set<std::string> all;
  for (const Json& relationship : *Member(spdx, "relationships").array()) {
    const std::string kind = TextAt(relationship, "relationshipType");
    ++counts[kind];
    all.insert(TextAt(relationship, "spdxElementId") + " " + kind + " " +
               TextAt(relationship, "relatedSpdxElement"));
  }
  EXPECT_EQ(counts, (std::map<std::string, int>{{"CONTAINS", 15},
                                                {"DEPENDS_ON", 14},
                                                {"DESCRIBES", 1},
                                                {"GENERATES", 4}}));
  const auto id_of = [&](const std::string& name) {
    return TextAt(Only(Member(spdx, "packages"), "name", name), "SPDXID");
  };
  EXPECT_TRUE(all.contains("SPDXRef-DOCUMENT DESCRIBES SPDXRef-Image"));
  EXPECT_TRUE(all.contains("SPDXRef-Image CONTAINS " + id_of("libc6")));
  EXPECT_TRUE(all.contains(id_of("glibc") + " GENERATES " + id_of("libc6")));
  EXPECT_TRUE(
      all.contains(id_of("libstdc++6") + " DEPENDS_ON " + id_of("libc6")));
}

TEST(Sbom, SameBytesWhateverTheOrderOfTheInput) {
  Lock lock = SampleLock();
  SbomInput input = SampleInput();
  std::ranges::reverse(lock.packages);
  std::ranges::reverse(lock.oci_images);
  std::ranges::reverse(input.artifacts);
  const SbomDocument reversed = DescribeImage(lock, input).value();
  EXPECT_EQ(FormatCycloneDx(reversed), FormatCycloneDx(SampleDocument()));
  EXPECT_EQ(FormatSpdx(reversed), FormatSpdx(SampleDocument()));
}

TEST(Sbom, EndsInOneNewline) {
  for (const std::string& text :
       {FormatCycloneDx(SampleDocument()), FormatSpdx(SampleDocument())}) {
    EXPECT_TRUE(text.ends_with("}\n"));
    EXPECT_EQ(text.find('\r'), std::string::npos);
    EXPECT_EQ(text.find(" \n"), std::string::npos);
  }
}

}  // namespace
}  // namespace tally
