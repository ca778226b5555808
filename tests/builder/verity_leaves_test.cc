#include "builder/verity_leaves.h"

#include <gtest/gtest.h>

#include "common/file.h"
#include "formats/verity.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

// Three parts, the last one of a single block.
TEST(HashVerityLeaves, AreTheSameOnAnyNumberOfThreads) {
  const test::Scratch scratch;
  std::string text((8 << 20) + 4096, 'x');
  for (size_t i = 0; i < text.size(); i += 4096) {
    text[i] = static_cast<char>(i >> 12);
    text[i + 1] = static_cast<char>(i >> 20);
  }
  const auto image = MappedFile::Open(scratch.Write("image", text));
  ASSERT_TRUE(image);
  const Bytes salt(32, 7);
  const Bytes expected = VerityLeaves(AsBytes(text), salt);
  for (const unsigned num_threads : {1u, 2u, 7u}) {
    const Result<Bytes> leaves =
        HashVerityLeaves(image->bytes(), salt, num_threads);
    ASSERT_TRUE(leaves) << leaves.error().ToString();
    EXPECT_EQ(*leaves, expected) << num_threads;
  }
}

TEST(HashVerityLeaves, RejectsPartsOfBlocks) {
  const test::Scratch scratch;
  const auto image =
      MappedFile::Open(scratch.Write("image", std::string(5000, 'x')));
  ASSERT_TRUE(image);
  const Result<Bytes> leaves = HashVerityLeaves(image->bytes(), {}, 1);
  ASSERT_FALSE(leaves);
  EXPECT_EQ(leaves.error().ToString(),
            "image has 5000 bytes, expected a multiple of 4096");
}

}  // namespace
}  // namespace tally
