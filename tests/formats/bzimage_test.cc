#include "formats/bzimage.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tally {
namespace {

constexpr size_t kSetupBytes = 3 * 512;

// Kernel returns a boot sector, two sectors of setup code with a version text
// at 0x400, and one byte of kernel.
Bytes Kernel() {
  Bytes kernel(kSetupBytes + 1);
  kernel[0x1f1] = 2;
  std::ranges::copy(AsBytes("HdrS"), kernel.begin() + 0x202);
  kernel[0x206] = 0x0f, kernel[0x207] = 0x02;
  kernel[0x20f] = 0x02;
  kernel[0x22f] = 0x7f;
  std::ranges::copy(AsBytes("6.12.95-cloud (builder@host) #1"),
                    kernel.begin() + 0x400);
  return kernel;
}

std::string BzImageRefusal(const Bytes& kernel) {
  const auto image = ParseBzImage(kernel);
  return image ? "accepted" : image.error().ToString();
}

TEST(BzImage, ReadsTheSetupHeader) {
  const auto image = ParseBzImage(Kernel());
  ASSERT_TRUE(image) << image.error().ToString();
  EXPECT_EQ(*image, (BzImage{.protocol = 0x20f,
                             .setup_bytes = kSetupBytes,
                             .initrd_addr_max = 0x7f000000,
                             .release = "6.12.95-cloud"}));
}

TEST(BzImage, AKernelNeedsNoVersionText) {
  Bytes kernel = Kernel();
  kernel[0x20f] = 0;
  EXPECT_EQ(ParseBzImage(kernel)->release, "");
}

TEST(BzImage, NoSetupSectorsAreFour) {
  Bytes kernel = Kernel();
  kernel[0x1f1] = 0;
  kernel.resize(4096);
  EXPECT_EQ(ParseBzImage(kernel)->setup_bytes, 5u * 512);
}

TEST(BzImage, RefusesWhatIsNoKernel) {
  EXPECT_EQ(BzImageRefusal(Bytes(0x204)),
            "bzImage: header magic at 0x202: needs 4 bytes, 2 left");
  EXPECT_EQ(BzImageRefusal(Bytes(4096)),
            "bzImage: header magic at 0x202: found 0x0, expected \"HdrS\"");
  Bytes kernel = Kernel();
  kernel[0x206] = 0x02;
  EXPECT_EQ(BzImageRefusal(kernel),
            "bzImage: version at 0x206: found boot protocol 0x202, expected "
            "0x203 or later");
  kernel = Kernel();
  kernel.resize(0x22e);
  EXPECT_EQ(BzImageRefusal(kernel),
            "bzImage: initrd_addr_max at 0x22c: needs 4 bytes, 2 left");
  kernel = Kernel();
  kernel.pop_back();
  EXPECT_EQ(BzImageRefusal(kernel),
            "bzImage: setup_sects at 0x1f1: needs 1536 bytes and a kernel, "
            "found 1536");
}

TEST(BzImage, RefusesAVersionTextThatIsNone) {
  Bytes kernel = Kernel();
  kernel[0x20f] = 0x04;
  EXPECT_EQ(BzImageRefusal(kernel),
            "bzImage: kernel version at 0x600: found it outside of the setup "
            "code, which ends at 0x600");
  kernel = Kernel();
  kernel[0x400] = ' ';
  EXPECT_EQ(BzImageRefusal(kernel),
            "bzImage: kernel version at 0x400: found a word of 0 characters, "
            "expected 1 to 64 and more text");
  kernel = Kernel();
  std::fill(kernel.begin() + 0x400, kernel.end(), 'x');
  EXPECT_EQ(BzImageRefusal(kernel),
            "bzImage: kernel version at 0x400: found a word of 513 characters, "
            "expected 1 to 64 and more text");
}

}  // namespace
}  // namespace tally
