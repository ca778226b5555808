#include "measure/initial_vmsa.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

TEST(InitialVmsa, OfTheFirstProcessorBeginsAtTheResetVector) {
  const Vmsa vmsa = InitialVmsa({.vcpu_signature = 0x800f12}, kBootEip);
  EXPECT_EQ(vmsa.cs.base, 0xffff0000u);
  EXPECT_EQ(vmsa.rip, 0xfff0u);
  EXPECT_EQ(vmsa.rdx, 0x800f12u);
}

TEST(InitialVmsa, OfTheOtherProcessorsBeginsAtTheFirmwaresAddress) {
  const Vmsa vmsa = InitialVmsa({}, 0x0080b004);
  EXPECT_EQ(vmsa.cs.base, 0x00800000u);
  EXPECT_EQ(vmsa.rip, 0xb004u);
}

TEST(InitialVmsa, HasFpuControlWordsOnlyWhereKvmCopiesThem) {
  EXPECT_EQ(InitialVmsa({}, kBootEip).mxcsr, 0x1f80u);
  EXPECT_EQ(InitialVmsa({}, kBootEip).x87_fcw, 0x37fu);
  const Vmsa before = InitialVmsa({.era = SnpVmsaEra::kFpuNotSynced}, kBootEip);
  EXPECT_EQ(before.mxcsr, 0u);
  EXPECT_EQ(before.x87_fcw, 0u);
  EXPECT_EQ(InitialVmsa({.vmm = SnpVmm::kEc2}, kBootEip).mxcsr, 0u);
}

TEST(InitialVmsa, OnEc2HasItsOwnCodeSegmentForTheFirstProcessorOnly) {
  EXPECT_EQ(InitialVmsa({.vmm = SnpVmm::kEc2}, kBootEip).cs.attributes, 0x9a);
  EXPECT_EQ(InitialVmsa({.vmm = SnpVmm::kEc2}, 0x80b004).cs.attributes, 0x9b);
}

TEST(InitialVmsa, OnKrunHasItsOwnCodeSegmentForAllProcessors) {
  const Vmsa first = InitialVmsa({.vmm = SnpVmm::kKrun}, kBootEip);
  EXPECT_EQ(first.cs.attributes, 0x9a);
  EXPECT_EQ(first.rdx, 0u);
  const Vmsa other = InitialVmsa({.vmm = SnpVmm::kKrun}, 0x80b004);
  EXPECT_EQ(other.cs.attributes, 0x9a);
}

TEST(InitialVmsa, OfAnSvsmBeginsInFlatProtectedMode) {
  const Vmsa vmsa = InitialSvsmVmsa({.vcpu_signature = 0x800f12}, 0xffe12345);
  EXPECT_EQ(vmsa.rip, 0xffe12345u);
  EXPECT_EQ(vmsa.cs, (VmsaSegment{8, 0xc9b, 0xffffffff, 0}));
  EXPECT_EQ(vmsa.ss, (VmsaSegment{16, 0xc93, 0xffffffff, 0}));
  EXPECT_EQ(vmsa.gs, (VmsaSegment{0, 0x93, 0xffff, 0}));
  EXPECT_EQ(vmsa.cr0, 0x11u);
  EXPECT_EQ(vmsa.mxcsr, 0x1f80u);
  EXPECT_EQ(vmsa.x87_fcw, 0u);
}

}  // namespace
}  // namespace tally
