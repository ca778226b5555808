// tally measure igvm: what an IGVM file is measured to.
#pragma once

#include <string>

#include "cli/console.h"
#include "cli/measure_flags.h"
#include "common/file.h"

namespace tally {

struct MeasureIgvmFlags {
  fs::path file;
  std::string platform = "sev-snp";  // sev-snp, sev, sev-es, vsm, tdx
  DigestForm form = DigestForm::kHex;
  // Refuse what QEMU with KVM would measure in another way.
  bool check_kvm = false;
  // Page data without contents is a native zero page.
  bool native_zero = false;
  bool ignore_id_block = false;
  bool explain = false;
};
// RunMeasureIgvm prints the digest. MismatchError: a broken rule of KVM (then
// there is no digest), or an ID block that expects another digest.
Status RunMeasureIgvm(const MeasureIgvmFlags& flags, Console& console);

}  // namespace tally
