// The PCR file of tpm2-tools: what `tpm2_quote -o` writes.
//
// There are three forms (tpm2-tools 5.4, lib/pcr.c): "serialized", the default,
// which is the C structures of tpm2-tss as they lie in memory with
// little-endian integers; "marshaled", the same lists as a TPM would write
// them; and "values", the bare values. See docs/formats/tpm-quote.md.
#pragma once

#include <span>
#include <vector>

#include "common/bytes.h"
#include "formats/tpm_attest.h"

namespace tally {

struct TpmPcrFile {
  std::vector<TpmPcrBank> pcr_select;
  // One for each of SelectedPcrs(pcr_select), of its bank's size.
  std::vector<Bytes> values;

  bool operator==(const TpmPcrFile&) const = default;
};

// ParseTpmPcrFile reads the serialized or the marshaled form: the first byte of
// the count of banks tells which. Memory behind a structure's used part is
// ignored, since tpm2-tools does not clear it.
Result<TpmPcrFile> ParseTpmPcrFile(ByteSpan file);

// ParseTpmPcrValues reads the form without a selection.
Result<std::vector<Bytes>> ParseTpmPcrValues(ByteSpan file,
                                             std::span<const TpmPcrBank> banks);

}  // namespace tally
