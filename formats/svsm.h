// The image of an SVSM (COCONUT-SVSM) as its fork of QEMU launches it beside an
// OVMF image: it has the same GUIDed table and SEV metadata.
//
// Source: sev-snp-measure 8f2b337e, ovmf.py, class SVSM. See
// docs/formats/ovmf.md.
#pragma once

#include <cstdint>
#include <vector>

#include "common/bytes.h"
#include "formats/ovmf.h"

namespace tally {

struct Svsm {
  uint64_t size_bytes = 0;
  std::vector<OvmfSection> sections;
  // Where all processors begin, from the start of the image.
  uint32_t entry_offset = 0;
};

// ParseSvsm accepts an image that ends in a GUIDed table with SEV metadata and
// an SVSM_INFO entry, to be mapped so that it ends at `end_gpa`. It demands of
// the sections what ParseOvmf demands.
Result<Svsm> ParseSvsm(ByteSpan image, uint64_t end_gpa);

}  // namespace tally
