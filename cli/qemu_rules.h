// What of a TDX launch follows from the version of QEMU.
#pragma once

#include <optional>
#include <string>

#include "measure/tdx_kernel.h"
#include "measure/tdx_mrtd.h"

namespace tally {

struct QemuRules {
  TdxPageOrder page_order = TdxPageOrder::kSinglePass;
  TdxKernelHeader kernel_header = TdxKernelHeader::kPatched;
};

// QemuRulesOf returns nothing for what is no version ("9.2", "9.2.1") or before
// 8.0, which knows no TDX.
std::optional<QemuRules> QemuRulesOf(const std::string& version);

}  // namespace tally
