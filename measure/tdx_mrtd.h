// The MRTD of a guest that begins with a TDVF firmware.
//
// Follows measure/mrtd.h for how it is hashed. The order of the operations is
// the machine monitor's: QEMU 10.1 target/i386/kvm/tdx.c
// (tdx_init_fw_mem_region) with KVM's KVM_TDX_INIT_MEM_REGION. Not modelled:
// hosts that measure the TD HOB as well. See docs/measurements/tdx.md.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "formats/tdvf.h"
#include "measure/event.h"
#include "measure/mrtd.h"

namespace tally {

enum class TdxPageOrder {
  // Each page is added, then extended: QEMU since 9, Google Compute Engine.
  kSinglePass,
  // Of each section all pages are added, then extended: Canonical's QEMU 8.2.
  kTwoPass,
};

// TdxPageOrderName returns "single-pass" or "two-pass".
std::string_view TdxPageOrderName(TdxPageOrder order);
std::optional<TdxPageOrder> FindTdxPageOrder(std::string_view name);

struct TdxMrtd {
  Mrtd mrtd;
  // One a section and operation; of sections that are not in MRTD none.
  std::vector<Event> events;
};

// MeasureTdvf measures the sections in their order. `tdvf` is ParseTdvf of
// `image`.
TdxMrtd MeasureTdvf(ByteSpan image, const Tdvf& tdvf, TdxPageOrder order);

}  // namespace tally
