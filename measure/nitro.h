// The PCRs of AWS Nitro Enclaves that follow from the image.
//
// Follows aws-nitro-enclaves-image-format and the AWS user guide,
// "Cryptographic attestation". See docs/measurements/nitro.md. PCR3 (role) and
// PCR4 (instance) do not follow from the image.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "common/digest.h"
#include "measure/event.h"

namespace tally {

using NitroPcr = Digest<struct NitroPcrTag, 48>;

struct NitroRegister {
  // "PCR0", "PCR1", "PCR2", "PCR8".
  std::string name;
  NitroPcr value;
  std::vector<Event> events;
};

struct NitroMeasurement {
  // PCR0 (whole image), PCR1 (kernel and boot ramdisk), PCR2 (application
  // ramdisks), and PCR8 (signing certificate) if the image is signed.
  std::vector<NitroRegister> registers;
  std::vector<Coverage> coverage;

  // Find returns the register, or null.
  const NitroRegister* Find(std::string_view name) const;
};

// MeasureNitro predicts the PCRs of an image. Anything but a well-formed EIF is
// an input error. It does not verify the image's signature.
Result<NitroMeasurement> MeasureNitro(ByteSpan eif);

}  // namespace tally
