#include "measure/uki_parts.h"

#include <gtest/gtest.h>

#include "measure/tpm_stub.h"
#include "tests/support/make_uki.h"

namespace tally {
namespace {

constexpr std::array<HashAlgorithm, 2> kBanks = {HashAlgorithm::kSha256,
                                                 HashAlgorithm::kSha384};
constexpr unsigned kVersion = 252;

TEST(UkiParts, AreWhatEachIsAlone) {
  const Bytes file = test::MakeUki("252.1");
  const Uki uki = ReadUki(file).value();
  const UkiParts parts = MeasureUkiParts(
      kBanks, uki,
      {.stub_version = kVersion, .sections = true, .inner_kernel = true});
  EXPECT_EQ(parts.image, PeImageDigests(uki.pe, kBanks, PePadding::kAsIs));
  EXPECT_EQ(parts.sections,
            StubSectionEvents(kBanks, uki.profiles[0], kVersion));
  EXPECT_EQ(parts.kernel_stub.value(),
            KernelStubEvents(kBanks, uki.profiles[0], kVersion).value());
  const Pe kernel = ParsePe(FindUkiSection(uki, ".linux")->content).value();
  EXPECT_EQ(parts.inner_kernel.value(),
            PeImageDigests(kernel, kBanks, PePadding::kAsIs));
}

TEST(UkiParts, AreNoneThatNobodyAskedFor) {
  const Bytes file = test::MakeUki("252.1");
  const Uki uki = ReadUki(file).value();
  const UkiParts parts = MeasureUkiParts(kBanks, uki, {.sections = true});
  EXPECT_FALSE(parts.image.empty());
  EXPECT_TRUE(parts.sections.empty());
  EXPECT_EQ(parts.inner_kernel.error().message(), "it was not asked for");
  EXPECT_EQ(parts.kernel_stub.error().message(),
            "the version of the stub is not known");
}

TEST(UkiParts, SayWhatIsWrongWithTheKernel) {
  const Bytes file = test::MakeSectionsPe({{".linux", "no kernel"}});
  const Uki uki = ReadUki(file).value();
  const UkiParts parts = MeasureUkiParts(kBanks, uki, {.inner_kernel = true});
  EXPECT_EQ(parts.inner_kernel.error().message(),
            ParsePe(AsBytes("no kernel")).error().message());
}

}  // namespace
}  // namespace tally
