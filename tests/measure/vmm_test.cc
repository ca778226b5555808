#include "measure/vmm.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

TEST(SnpVmm, RoundTripsByNameInAnyCase) {
  for (const VmmProfile& profile : VmmProfiles()) {
    EXPECT_EQ(FindSnpVmm(profile.name).value(), profile.vmm);
    EXPECT_EQ(SnpVmmName(profile.vmm), profile.name);
    EXPECT_FALSE(profile.source.empty());
  }
  EXPECT_EQ(FindSnpVmm("QEMU").value(), SnpVmm::kQemu);
}

TEST(SnpVmm, RejectsAnUnknownNameAndNamesTheNearest) {
  const auto vmm = FindSnpVmm("qem");
  ASSERT_FALSE(vmm);
  EXPECT_EQ(vmm.error().message(),
            "unknown vmm 'qem', expected one of qemu, ec2, gce, krun");
  EXPECT_EQ(vmm.error().hints(),
            std::vector<std::string>{"did you mean 'qemu'?"});
}

TEST(SnpVmsaEra, RoundTripsByName) {
  for (const SnpVmsaEra era :
       {SnpVmsaEra::kFpuSynced, SnpVmsaEra::kFpuNotSynced}) {
    EXPECT_EQ(FindSnpVmsaEra(SnpVmsaEraName(era)).value(), era);
  }
  EXPECT_EQ(FindSnpVmsaEra("linux-5").error().message(),
            "unknown VMSA era 'linux-5', expected one of linux-6.10, "
            "before-linux-6.10");
}

}  // namespace
}  // namespace tally
