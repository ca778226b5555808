// The states in which an IGVM file starts the processors of an AMD guest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/json_writer.h"
#include "formats/igvm.h"

namespace tally {

// IgvmVmsas is a run of processors that start alike.
struct IgvmVmsas {
  uint16_t first_vp = 0;
  uint16_t last_vp = 0;
  ByteSpan page;  // of the file
};

// FindIgvmVmsas returns those of the VP contexts that the platform loads, in
// file order; none for platforms whose contexts are no VMSA. Here and below,
// `read` is called with each page that was read.
std::vector<IgvmVmsas> FindIgvmVmsas(const Igvm& igvm,
                                     IgvmPlatformType platform,
                                     const IgvmContentsRead& read);

void ExplainIgvmVmsas(const std::vector<IgvmVmsas>& vmsas,
                      const IgvmContentsRead& read, const TextSink& sink);

// WriteIgvmVmsas writes a list of {"fields", "first_vp", "last_vp"}.
void WriteIgvmVmsas(const std::vector<IgvmVmsas>& vmsas,
                    const IgvmContentsRead& read, JsonWriter& writer);

}  // namespace tally
