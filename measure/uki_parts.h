// What is hashed of a unified kernel image's own bytes while it boots: by
// firmware, by its stub, and by the kernel in it. This is nearly all the time
// that a prediction takes, so the parts are hashed side by side, each once.
#pragma once

#include <optional>
#include <vector>

#include "formats/uki.h"
#include "measure/boot_event.h"

namespace tally {

struct UkiPartsOptions {
  // Of the image's profiles, as an index.
  uint32_t profile = 0;
  // Without a version nothing of stub and kernel is hashed.
  std::optional<unsigned> stub_version;
  bool sections = false;      // the stub's events
  bool inner_kernel = false;  // .linux, as firmware measures it
};

struct UkiParts {
  BankDigests image;                // Authenticode
  std::vector<BootEvent> sections;  // as StubSectionEvents
  // As PeImageDigests and as KernelStubEvents; an input error says why there
  // are none.
  Result<BankDigests> inner_kernel = InputError("it was not asked for");
  Result<std::vector<BootEvent>> kernel_stub =
      InputError("the version of the stub is not known");
};

// MeasureUkiParts hashes with each of the banks. The profile is one that the
// image has; with `inner_kernel` it has a .linux.
UkiParts MeasureUkiParts(std::span<const HashAlgorithm> banks, const Uki& uki,
                         const UkiPartsOptions& options);

}  // namespace tally
