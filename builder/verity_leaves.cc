#include "builder/verity_leaves.h"

#include <algorithm>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/interrupt.h"
#include "common/parallel.h"
#include "formats/verity.h"

namespace tally {

Result<Bytes> HashVerityLeaves(ByteSpan mapped_image, ByteSpan salt,
                               unsigned num_threads) {
  constexpr uint64_t kPartBytes = 1024 * kVerityBlockSize;
  const uint64_t size_bytes = mapped_image.size();
  if (size_bytes % kVerityBlockSize != 0) {
    return InputError("image has " + std::to_string(size_bytes) +
                      " bytes, expected a multiple of 4096");
  }
  std::vector<Bytes> parts(AlignUp(size_bytes, kPartBytes) / kPartBytes);
  TALLY_TRY(ParallelFor(parts.size(), num_threads, [&](size_t i) {
    const uint64_t at = i * kPartBytes;
    const ByteSpan part =
        mapped_image.subspan(at, std::min(kPartBytes, size_bytes - at));
    WillRead(part);
    parts[i] = VerityLeaves(part, salt);
    DoneReading(part);
    return CheckInterrupted();
  }));
  Bytes leaves;
  for (const Bytes& part : parts) {
    leaves.insert(leaves.end(), part.begin(), part.end());
  }
  return leaves;
}

}  // namespace tally
