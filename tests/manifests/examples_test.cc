// The examples in the documentation are true.
#include <gtest/gtest.h>

#include "manifests/lock.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

// LastExample returns the last ```yaml block of a page.
std::string LastExample(const std::string& page) {
  const Bytes bytes = test::MustRead(test::SourcePath(page));
  const std::string text(AsText(bytes));
  const std::string begin = "```yaml\n";
  const size_t from = text.rfind(begin) + begin.size();
  return text.substr(from, text.find("```", from) - from);
}

TEST(Documentation, ShowsAManifestThatParses) {
  const auto manifest =
      ParseManifest(LastExample("manifests/SCHEMA.md"), "SCHEMA.md");
  EXPECT_TRUE(manifest) << manifest.error().ToString();
}

TEST(Documentation, ShowsALockThatParses) {
  const auto lock = ParseLock(LastExample("docs/formats/lock.md"), "lock.md");
  EXPECT_TRUE(lock) << lock.error().ToString();
}

}  // namespace
}  // namespace tally
