// Names of GPT partitions: 36 UTF-16 code units, little endian.
#pragma once

#include <string>
#include <string_view>

#include "common/bytes.h"

namespace tally {

// EncodeGptName returns the 72 bytes. Text that is not UTF-8, contains NUL or
// is too long is an input error.
Result<Bytes> EncodeGptName(std::string_view name);

// TakeGptName reads the 72 bytes into UTF-8; unpaired surrogates, and anything
// but zeros after the first zero, fail the reader.
std::string TakeGptName(ByteReader& reader);

}  // namespace tally
