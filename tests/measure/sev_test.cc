#include "measure/sev.h"

#include <gtest/gtest.h>

#include "common/hash.h"
#include "tests/measure/vcpu_samples.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::kEpycV4;
using test::kTwo;

// Values printed by sev-snp-measure 8f2b337e for the same inputs.
TEST(SevMeasurement, OfDebiansFirmwareMatchesThePeer) {
  TALLY_NEED_VECTOR(path, "snp/debian-ovmf/OVMF.fd");
  const Bytes firmware = test::MustRead(path);
  const auto sev = MeasureSev({.firmware = firmware}, {});
  ASSERT_TRUE(sev) << sev.error().ToString();
  ASSERT_EQ(sev->cells.size(), 1u);
  EXPECT_EQ(sev->cells[0].num_vcpus, 0u);
  EXPECT_EQ(sev->cells[0].launch_digest.hex(), Sha256(firmware).hex());

  const auto es = MeasureSev({.firmware = firmware,
                              .mode = SevMode::kSevEs,
                              .vcpu_signature = kEpycV4},
                             kTwo);
  ASSERT_TRUE(es) << es.error().ToString();
  EXPECT_EQ(es->cells[0].launch_digest.hex(),
            "5b1d28d8e8b3c2c9939d39bf18a7f05b16935279425c1c1e1ab19109acca9ffd");
}

TEST(SevMeasurement, MatrixEqualsTheSingleMeasurements) {
  TALLY_NEED_VECTOR(path, "snp/debian-ovmf/OVMF.fd");
  const Bytes firmware = test::MustRead(path);
  const SevLaunch launch{
      .firmware = firmware, .mode = SevMode::kSevEs, .vcpu_signature = kEpycV4};
  const uint32_t counts[] = {3, 1};
  const auto matrix = MeasureSev(launch, counts);
  ASSERT_TRUE(matrix);
  for (size_t i = 0; i < 2; ++i) {
    const uint32_t alone[] = {counts[i]};
    const auto single = MeasureSev(launch, alone);
    EXPECT_EQ(matrix->cells[i].launch_digest, single->cells[0].launch_digest);
    const auto events = matrix->EventsOf(matrix->cells[i]);
    EXPECT_EQ(std::vector<Event>(events.begin(), events.end()), single->events);
  }
}

TEST(SevMeasurement, RejectsLaunchesThatCannotBe) {
  TALLY_NEED_VECTOR(path, "snp/debian-ovmf/OVMF.fd");
  const Bytes firmware = test::MustRead(path);
  SevLaunch launch{.firmware = firmware, .kernel_hashes = SevHashes{}};
  EXPECT_EQ(MeasureSev(launch, {}).error().message(),
            "sev: a kernel was given, but the firmware has no kernel-hashes "
            "table");
  launch.vmm = SnpVmm::kEc2;
  EXPECT_EQ(MeasureSev(launch, {}).error().message(),
            "sev: a kernel was given, but ec2 measures no kernel");
  launch = {.firmware = firmware, .mode = SevMode::kSevEs};
  EXPECT_EQ(MeasureSev(launch, kTwo).error().message(),
            "sev-es: vcpu signature is zero, expected that of a vcpu type");
  const uint32_t none[] = {0};
  EXPECT_EQ(MeasureSev(launch, none).error().message(),
            "sev-es: found 0 vcpus, expected 1 to 4096");
  EXPECT_EQ(MeasureSev({}, {}).error().message(), "sev: the firmware is empty");
}

}  // namespace
}  // namespace tally
