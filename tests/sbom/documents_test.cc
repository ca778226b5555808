// Both documents: every field, determinism, and the official schemas.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "common/json.h"
#include "sbom/cyclonedx.h"
#include "sbom/spdx.h"
#include "tests/sbom/sample.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::DigestOf;
using test::SampleInput;
using test::SampleLock;
using test::Scratch;
using test::SourcePath;

SbomDocument Sample() {
  return DescribeImage(SampleLock(), SampleInput()).value();
}

Json CycloneDx() { return ParseJson(FormatCycloneDx(Sample())).value(); }
Json Spdx() { return ParseJson(FormatSpdx(Sample())).value(); }

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
  EXPECT_EQ(TextAt(bom, "serialNumber"), "urn:uuid:" + Sample().uuid);
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
  const SbomPackage package = Sample().packages[3];
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

TEST(CycloneDx, ImageDependsOnEveryComponent) {
  const Json bom = CycloneDx();
  std::vector<Json> refs;
  for (const Json& component : *Member(bom, "components").array()) {
    refs.push_back(*component.Find("bom-ref"));
  }
  EXPECT_EQ(refs.size(), 7u);
  const Json& image = Only(Member(bom, "dependencies"), "ref", Sample().ref);
  EXPECT_EQ(*image.Find("dependsOn")->array(), refs);
}

TEST(CycloneDx, ClaimsNoMoreDependenciesThanAreKnown) {
  const SbomDocument document = Sample();
  const Json bom = CycloneDx();
  std::vector<std::string> refs;
  for (const Json& entry : *Member(bom, "dependencies").array()) {
    refs.push_back(TextAt(entry, "ref"));
  }
  EXPECT_THAT(refs,
              testing::ElementsAre(
                  "artifact:artifacts/OVMF.fd", "artifact:artifacts/kernel",
                  "file:etc/service.conf", document.packages[0].ref,
                  document.packages[2].ref, document.ref));
  EXPECT_EQ(Only(Member(bom, "dependencies"), "ref", document.packages[2].ref)
                .Find("dependsOn")
                ->Canonical(),
            "[\"" + document.packages[1].ref + "\"]");
}

TEST(CycloneDx, SaysWhatIsComplete) {
  const SbomDocument document = Sample();
  const Json bom = CycloneDx();
  const Json& compositions = Member(bom, "compositions");
  EXPECT_EQ(Member(compositions, "0").Canonical(),
            R"({"aggregate":"complete"})");
  EXPECT_EQ(Member(compositions, "1").Canonical(),
            R"({"aggregate":"complete","assemblies":[")" + document.ref +
                R"("],"dependencies":[")" + document.ref + R"("]})");
  EXPECT_EQ(TextAt(compositions, "2/aggregate"), "incomplete");
  EXPECT_EQ(Member(compositions, "2/dependencies").array()->size(), 4u);
  EXPECT_EQ(compositions.array()->size(), 3u);
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
                Sample().uuid +
                R"(","name":"minimal-cvm-0.1~rc1","spdxVersion":"SPDX-2.3"})");
}

TEST(Spdx, PackageHasEveryField) {
  const Json spdx = Spdx();
  const Json& package =
      Only(Member(spdx, "packages"), "name", "linux-image-cloud");
  const SbomPackage described = Sample().packages[3];
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
  EXPECT_EQ(packages.array()->size(), 12u);
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
  EXPECT_EQ(counts, (std::map<std::string, int>{{"CONTAINS", 7},
                                                {"DEPENDS_ON", 9},
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
  std::ranges::reverse(input.artifacts);
  const SbomDocument reversed = DescribeImage(lock, input).value();
  EXPECT_EQ(FormatCycloneDx(reversed), FormatCycloneDx(Sample()));
  EXPECT_EQ(FormatSpdx(reversed), FormatSpdx(Sample()));
}

TEST(Sbom, EndsInOneNewline) {
  for (const std::string& text :
       {FormatCycloneDx(Sample()), FormatSpdx(Sample())}) {
    EXPECT_TRUE(text.ends_with("}\n"));
    EXPECT_EQ(text.find('\r'), std::string::npos);
    EXPECT_EQ(text.find(" \n"), std::string::npos);
  }
}

// Validate runs Debian's python3-jsonschema over `document`.
ToolOutput Validate(const fs::path& schemas, const std::string& schema,
                    std::string_view document) {
  const Scratch scratch;
  const fs::path file = scratch.Write("document.json", document);
  return RunTool(
             {.program = "/usr/bin/python3",
              .args = {SourcePath("tests/support/validate_json_schema.py"),
                       schemas, schema, file},
              .env = {{"LC_ALL", "C.UTF-8"}, {"PYTHONDONTWRITEBYTECODE", "1"}}})
      .value();
}

// TALLY_NEED_VALIDATOR declares the directory of the schemas, or skips.
#define TALLY_NEED_VALIDATOR(schemas)                             \
  TALLY_NEED_VECTOR(schemas, "signing/schemas");                  \
  if (!fs::exists("/usr/lib/python3/dist-packages/jsonschema")) { \
    GTEST_SKIP() << "not installed: python3-jsonschema";          \
  }

struct Schema {
  std::string file;
  std::string document;
  std::string breakage;  // text of `document` …
  std::string broken;    // … and what breaks it
};

class OfficialSchema : public testing::TestWithParam<Schema> {};

TEST_P(OfficialSchema, AcceptsTheDocument) {
  TALLY_NEED_VALIDATOR(schemas);
  const ToolOutput output =
      Validate(schemas, GetParam().file, GetParam().document);
  EXPECT_EQ(output.exit_status, 0);
  EXPECT_EQ(output.stdout_text + output.stderr_text, "valid\n");
}

TEST_P(OfficialSchema, RejectsABrokenDocument) {
  TALLY_NEED_VALIDATOR(schemas);
  std::string document = GetParam().document;
  const size_t at = document.find(GetParam().breakage);
  ASSERT_NE(at, std::string::npos);
  document.replace(at, GetParam().breakage.size(), GetParam().broken);
  const ToolOutput output = Validate(schemas, GetParam().file, document);
  EXPECT_EQ(output.exit_status, 1) << output.stderr_text;
  EXPECT_NE(output.stdout_text, "valid\n");
}

SbomDocument Bare() {
  Lock lock;
  lock.architecture = "amd64";
  return DescribeImage(lock, {.name = "bare", .version = "1"}).value();
}

INSTANTIATE_TEST_SUITE_P(
    Sbom, OfficialSchema,
    testing::Values(Schema{"cyclonedx-bom-1.6.schema.json",
                           FormatCycloneDx(Sample()), "\"operating-system\"",
                           "\"enclave\""},
                    Schema{"cyclonedx-bom-1.6.schema.json",
                           FormatCycloneDx(Bare()),
                           // In a schema of its own, found by $id.
                           "\"CC0-1.0\"", "\"CC0-1.1\""},
                    Schema{"spdx-2.3.schema.json", FormatSpdx(Sample()),
                           "\"PACKAGE-MANAGER\"", "\"PACKAGE_MANAGER\""},
                    Schema{"spdx-2.3.schema.json", FormatSpdx(Bare()),
                           "\"dataLicense\"", "\"dataLicence\""}));

}  // namespace
}  // namespace tally
