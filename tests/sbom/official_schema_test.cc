// Both documents against the schemas that their makers publish.
#include <gtest/gtest.h>

#include "common/process.h"
#include "sbom/cyclonedx.h"
#include "sbom/spdx.h"
#include "tests/sbom/sample.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::SampleDocument;
using test::Scratch;
using test::SourcePath;

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
                           FormatCycloneDx(SampleDocument()),
                           "\"operating-system\"", "\"enclave\""},
                    Schema{"cyclonedx-bom-1.6.schema.json",
                           FormatCycloneDx(Bare()),
                           // In a schema of its own, found by $id.
                           "\"CC0-1.0\"", "\"CC0-1.1\""},
                    Schema{"spdx-2.3.schema.json", FormatSpdx(SampleDocument()),
                           "\"PACKAGE-MANAGER\"", "\"PACKAGE_MANAGER\""},
                    Schema{"spdx-2.3.schema.json", FormatSpdx(Bare()),
                           "\"dataLicense\"", "\"dataLicence\""}));

}  // namespace
}  // namespace tally
