// Measuring whatever parses ends, and never crashes; two ways to the same
// digest agree.
#include <cstddef>
#include <cstdint>

#include "common/check.h"
#include "formats/ovmf.h"
#include "formats/svsm.h"
#include "measure/snp.h"

constexpr uint32_t kVcpus[] = {2};

namespace {

// MeasureAsSvsm launches the image as an SVSM below a firmware of zeros.
void MeasureAsSvsm(tally::ByteSpan image) {
  constexpr uint64_t kFirmwareBytes = 0x1000;
  constexpr uint64_t kEndGpa = (uint64_t{1} << 32) - kFirmwareBytes;
  if (!tally::ParseSvsm(image, kEndGpa)) return;
  const tally::Bytes firmware(kFirmwareBytes, 0);
  const auto measured =
      tally::MeasureSnp({.firmware = firmware,
                         .vcpu_signature = 0x800f12,
                         .svsm = tally::SnpSvsmImage{.image = image}},
                        kVcpus);
  TALLY_CHECK(measured);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan image(data, size);
  MeasureAsSvsm(image);
  const auto ovmf = tally::ParseOvmf(image);
  if (!ovmf) return 0;
  TALLY_CHECK(tally::CheckOvmf(*ovmf));
  TALLY_CHECK(ovmf->size_bytes == size);

  const auto seed = tally::SeedSnpFirmware(image);
  TALLY_CHECK(seed);
  for (const tally::SnpVmm vmm :
       {tally::SnpVmm::kQemu, tally::SnpVmm::kEc2, tally::SnpVmm::kGce}) {
    tally::SnpLaunch launch{
        .firmware = image, .vcpu_signature = 0x800f12, .vmm = vmm};
    if (vmm == tally::SnpVmm::kQemu) {
      launch.kernel_hashes = tally::HashKernelInputs({}, {}, "");
    }
    const auto measured = tally::MeasureSnp(launch, kVcpus);
    const auto from_seed = tally::MeasureSnpFromSeed(*seed, launch, kVcpus);
    TALLY_CHECK(measured.has_value() == from_seed.has_value());
    if (!measured) continue;
    TALLY_CHECK(measured->cells[0].launch_digest ==
                from_seed->cells[0].launch_digest);
    TALLY_CHECK(measured->events.back().value_after ==
                tally::AnyDigest(measured->cells[0].launch_digest));
  }
  return 0;
}
