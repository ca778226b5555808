#include <gtest/gtest.h>

#include "measure/snp.h"
#include "tests/support/make_ovmf.h"
#include "tests/support/make_svsm.h"

namespace tally {
namespace {

class SvsmLaunch : public testing::Test {
 protected:
  // The refusal of the launch with one vCPU.
  std::string Refusal() const {
    const uint32_t one[] = {1};
    const auto measured = MeasureSnp(launch_, one);
    EXPECT_FALSE(measured);
    return measured ? "" : measured.error().message();
  }

  Bytes firmware_ = test::MakeOvmf();
  Bytes svsm_ = test::MakeSvsm();
  SnpLaunch launch_{
      .firmware = firmware_,
      .vcpu_signature = 0x800f12,
      .svsm = SnpSvsmImage{.image = svsm_, .vars_size_bytes = 0x84000}};
};

// Values printed by sev-snp-measure 8f2b337e (--mode snp:svsm --vars-size
// 540672 --vcpu-type EPYC-v4) for the same images.
TEST_F(SvsmLaunch, MatchesThePeer) {
  const uint32_t counts[] = {1, 3};
  const auto measured = MeasureSnp(launch_, counts);
  ASSERT_TRUE(measured) << measured.error().ToString();
  EXPECT_EQ(measured->cells[0].launch_digest.hex(),
            "9f7aca66eeb17b74337c7d1a00156e52a586baf324283f334be4e86fff05d6c0"
            "09c7d7e04d70650cb0d66cefc6957bea");
  EXPECT_EQ(measured->cells[1].launch_digest.hex(),
            "e379c9ba475da27e1a94f7c9dcf00a60a3eed334cfee128bc2781a08b2004d39"
            "2e1c60fa2ec98d6db579047db941e697");
}

TEST_F(SvsmLaunch, RejectsAKernelAndOtherMonitors) {
  launch_.kernel_hashes = SevHashes{};
  EXPECT_EQ(Refusal(),
            "snp: a kernel was given, but a launch with an SVSM measures none");
  launch_.vmm = SnpVmm::kEc2;
  EXPECT_EQ(Refusal(), "snp: an SVSM was given, but ec2 launches none");
}

TEST_F(SvsmLaunch, RejectsSizesThatAreNoPages) {
  launch_.svsm->vars_size_bytes = 0x84001;
  EXPECT_EQ(Refusal(),
            "snp: the size of the variable store is 0x84001, expected a "
            "multiple of 0x1000 that fits below the firmware");
  launch_.svsm->vars_size_bytes = 0xfffff000;
  EXPECT_EQ(Refusal(),
            "snp: the size of the variable store is 0xfffff000, expected a "
            "multiple of 0x1000 that fits below the firmware");
  launch_.firmware = launch_.firmware.first(0x1001);
  EXPECT_EQ(Refusal(), "snp: firmware size 0x1001 is not a multiple of 0x1000");
}

}  // namespace
}  // namespace tally
