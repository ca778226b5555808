// dm-verity's leaves of a finished image, hashed on several threads.
#pragma once

#include "common/bytes.h"

namespace tally {

// HashVerityLeaves is VerityLeaves (formats/verity.h) of a MappedFile, which is
// read once, and whose pages are given back on the way. An image that is not of
// whole blocks is an InputError. The result does not depend on `num_threads`.
Result<Bytes> HashVerityLeaves(ByteSpan mapped_image, ByteSpan salt,
                               unsigned num_threads);

}  // namespace tally
