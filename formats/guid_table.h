// The table of GUIDed entries at the end of an OVMF image, which SVSM images
// have as well.
//
// It is read backwards from 32 bytes before the end. Sources: edk2
// OvmfPkg/ResetVector/Ia16/ResetVectorVtf0.asm, QEMU hw/i386/pc_sysfw_ovmf.c.
// See docs/formats/ovmf.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/bytes.h"

namespace tally {

// QEMU allows 8 MiB by default (machine option max-fw-size); no known firmware
// has more than 16 MiB.
inline constexpr uint64_t kMaxFirmwareBytes = uint64_t{32} << 20;

// GuidTable has the data of each entry, by its GUID in lower-case text.
class GuidTable {
 public:
  struct Entry {
    ByteSpan data;
    uint64_t offset = 0;  // of the data in the image
  };

  // Read accepts an image that ends in a table. `subject` begins error texts:
  // "ovmf". The image must outlive the result.
  static Result<GuidTable> Read(ByteSpan image, std::string_view subject);

  // Find returns the entry, or null.
  const Entry* Find(std::string_view guid) const;

 private:
  std::map<std::string, Entry> entries_;
};

}  // namespace tally
