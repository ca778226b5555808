// The ID block inside of an IGVM file: IGVM_VHS_SNP_ID_BLOCK.
//
// Follows igvm_defs/src/lib.rs (microsoft/igvm, e6c3ff1c). The numbers are
// those of the SEV-SNP firmware, without the policy, which is in the file's
// guest policy, and without most of the padding. See
// docs/formats/snp-id-block.md.
#pragma once

#include "formats/igvm.h"
#include "formats/snp_id_block.h"

namespace tally {

// IgvmIdBlock is one with the block and its signatures apart.
struct IgvmIdBlock {
  SnpIdBlock block;
  SnpIdAuth auth;

  bool operator==(const IgvmIdBlock&) const = default;
};

// IgvmSnpPolicy returns the guest policy of SEV-SNP. A file without the
// platform, or without exactly one policy for it, is an input error.
Result<uint64_t> IgvmSnpPolicy(const Igvm& igvm);

// AttachIgvmIdBlock appends the directive for SEV-SNP. `id_auth` is the encoded
// page of EncodeSnpIdAuth; the model points into it. A file that has an ID
// block for the platform, or another policy, is an input error.
Status AttachIgvmIdBlock(const SnpIdBlock& block, ByteSpan id_auth, Igvm* igvm);

// DetachIgvmIdBlock takes the directive out again: the inverse. A file without
// one is an input error.
Result<IgvmIdBlock> DetachIgvmIdBlock(Igvm* igvm);

}  // namespace tally
