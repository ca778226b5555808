// MRTD: the register that measures what an Intel TDX guest begins with.
//
// Follows the Intel TDX Module specification (348549, "MRTD: Build-Time
// Measurement Register", and 348551, TDH.MEM.PAGE.ADD and TDH.MR.EXTEND): the
// SHA-384 of a stream of records. See docs/measurements/igvm.md.
#pragma once

#include <cstdint>

#include "common/bytes.h"
#include "common/digest.h"
#include "common/hash.h"

namespace tally {

using Mrtd = Digest<struct MrtdTag, 48>;

inline constexpr uint64_t kTdxPageBytes = 4096;
// What one TDH.MR.EXTEND takes.
inline constexpr uint64_t kTdxChunkBytes = 256;

// MrtdHasher is a guest that is being built.
class MrtdHasher {
 public:
  // AddPage is TDH.MEM.PAGE.ADD: it counts where the page is, not its contents.
  void AddPage(uint64_t gpa);
  // Extend is TDH.MR.EXTEND for each 256 bytes of `contents`, a multiple of
  // 256, from `gpa` up.
  void Extend(uint64_t gpa, ByteSpan contents);

  // value is what TDH.MR.FINALIZE would give now.
  Mrtd value() const;

 private:
  Sha384Hasher stream_;
};

}  // namespace tally
