// What boots, in RTMR 1 and 2: order and cells.
#include <gtest/gtest.h>

#include "measure/tdx_rtmr.h"
#include "tests/support/make_uki.h"
#include "tests/support/sizes.h"

namespace tally {
namespace {

using test::kGib;

std::vector<std::string> WhatOf(const TdxPrediction& prediction,
                                uint32_t rtmr) {
  std::vector<std::string> what;
  for (const BootEvent& event : prediction.events) {
    if (RtmrOfPcr(event.pcr) == rtmr) what.push_back(event.what);
  }
  return what;
}

std::vector<TdxPrediction> PredictTwo(const TdxBoot& boot) {
  const uint64_t sizes[] = {2 * kGib, 4 * kGib};
  return PredictTdx(boot, sizes).value();
}

class TdxBootKinds : public testing::Test {
 protected:
  // Without firmware there is no RTMR 0, and nothing says that Secure Boot is
  // off: the store does.
  TdxBoot BootOf(const Bytes& uki) {
    return {.profile = FindTdxProfile("ovmf-2023.02"),
            .kind = TdxBootKind::kUki,
            .variable_store = store_,
            .uki = uki};
  }

  const Bytes store_ = test::EmptyVariableStore(0x84000);
  const Bytes old_ = test::MakeUki("252.39-1~deb12u2");
  const Bytes new_ = test::MakeUki("256.4");
};

TEST_F(TdxBootKinds, QemuLoadsItsImageBeforeTheSeparator) {
  const auto cells = PredictTwo(BootOf(old_));
  EXPECT_EQ(
      WhatOf(cells[0], 1),
      (std::vector<std::string>{
          "unified kernel image", "Calling EFI Application from Boot Option",
          "separator", "kernel in the image", "Exit Boot Services Invocation",
          "Exit Boot Services Returned with Success"}));
  EXPECT_EQ(WhatOf(cells[0], 2),
            (std::vector<std::string>{"kernel command line", "initrd"}));
}

TEST_F(TdxBootKinds, AnImageFromADiskComesAfterThePartitionTable) {
  const Bytes disk = test::DiskWithOnePartition();
  TdxBoot boot = BootOf(old_);
  boot.kind = TdxBootKind::kUkiOnDisk;
  EXPECT_EQ(PredictTwo(boot)[0].not_predictable.at(1),
            "it needs the disk, whose partition table counts");
  boot.disk = disk;
  EXPECT_EQ(WhatOf(PredictTwo(boot)[0], 1),
            (std::vector<std::string>{
                "Calling EFI Application from Boot Option", "separator",
                "partition table of the disk", "unified kernel image",
                "kernel in the image", "Exit Boot Services Invocation",
                "Exit Boot Services Returned with Success"}));
}

TEST_F(TdxBootKinds, NewStubsMeasureTheirSections) {
  const std::vector<std::string> what = WhatOf(PredictTwo(BootOf(new_))[0], 2);
  ASSERT_EQ(what.size(), 10u);
  EXPECT_EQ(what[0], "name of section .linux");
  EXPECT_EQ(what[8], "kernel command line");
}

TEST_F(TdxBootKinds, EveryCellHasTheSameImage) {
  for (const Bytes* uki : {&old_, &new_}) {
    const auto cells = PredictTwo(BootOf(*uki));
    EXPECT_EQ(cells[0].events, cells[1].events);
  }
  TdxBoot kernel = {.profile = FindTdxProfile("ovmf-2023.02"),
                    .variable_store = store_,
                    .kernel = old_,
                    .kernel_header = TdxKernelHeader::kAsIs};
  const auto cells = PredictTwo(kernel);
  EXPECT_EQ(cells[0].events, cells[1].events);
  EXPECT_EQ(WhatOf(cells[1], 1).front(), "kernel");
}

TEST_F(TdxBootKinds, WithoutTheStoreTheInnerKernelIsNotKnown) {
  TdxBoot boot = BootOf(old_);
  boot.variable_store = {};
  EXPECT_EQ(PredictTwo(boot)[1].not_predictable.at(1),
            "it needs the firmware or its variable store: with Secure Boot the "
            "kernel in the image is not measured");
}

}  // namespace
}  // namespace tally
