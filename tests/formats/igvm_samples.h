// IGVM models and files for tests.
#pragma once

#include <string>
#include <string_view>

#include "common/bytes.h"
#include "formats/igvm.h"

namespace tally::test {

// SmallIgvm has the platform SEV-SNP as mask 1 and one page at 0x1000.
Igvm SmallIgvm();

// EveryIgvmHeader has each kind of header, with distinct values.
Igvm EveryIgvmHeader();

// IgvmPage is page data for mask 1; `contents` must outlive it.
IgvmPageData IgvmPage(uint64_t gpa, ByteSpan contents);

// PatchIgvm replaces bytes at `offset` and makes the checksum right.
Bytes PatchIgvm(Bytes file, size_t offset, std::string_view bytes);

// WriteIgvmRefusal returns why WriteIgvm refuses it, or "accepted".
std::string WriteIgvmRefusal(const Igvm& igvm);

}  // namespace tally::test
