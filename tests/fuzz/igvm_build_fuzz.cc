// A file of whatever firmware can be launched follows the rules of KVM, is
// canonical, and with the loader's own zero pages has the digest of a launch of
// the firmware itself.
#include <cstddef>
#include <cstdint>

#include "builder/igvm.h"
#include "cli/snp_igvm.h"
#include "common/check.h"
#include "measure/igvm_kvm.h"

constexpr uint32_t kOne[] = {1};
constexpr uint64_t kPolicy = 0x30000;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::SnpLaunch launch{.firmware = tally::ByteSpan(data, size),
                                .vcpu_signature = 0x800f12};
  const auto file = tally::BuildSnpIgvm(launch, kPolicy);
  if (!file) return 0;
  const auto igvm = tally::ParseIgvm(*file);
  TALLY_CHECK(igvm);
  TALLY_CHECK(tally::WriteIgvm(*igvm).value() == *file);
  TALLY_CHECK(
      tally::CheckIgvmForKvm(*igvm, tally::IgvmPlatformType::kSevSnp)->empty());
  TALLY_CHECK(tally::MeasureSnpIgvm(*file, launch, kOne));

  const auto vmsas = tally::VmsasOfLaunch(launch);
  const auto plain = tally::BuildIgvm({.firmware = launch.firmware,
                                       .vmsas = {{0, vmsas->first}},
                                       .policy = kPolicy});
  TALLY_CHECK(plain);
  const auto parsed = tally::ParseIgvm(*plain);
  const auto measured =
      tally::MeasureIgvmSnp(*parsed, tally::IgvmZeroPages::kNative);
  TALLY_CHECK(measured->launch_digest ==
              tally::MeasureSnp(launch, kOne)->cells.front().launch_digest);
  return 0;
}
