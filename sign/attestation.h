// Provenance, signed: statement, envelope and bundle in one step each way.
#pragma once

#include <string>
#include <string_view>

#include "sign/signer.h"
#include "sign/statement.h"

namespace tally {

// SignProvenance returns the text of a *.sigstore.json.
Result<std::string> SignProvenance(const Provenance& provenance,
                                   const Signer& signer);

// VerifyProvenance returns what `key` stated. MismatchError: not signed by it.
// InputError: a bundle, payload type or statement of another kind.
Result<Provenance> VerifyProvenance(std::string_view bundle_text,
                                    const PublicKey& key);

}  // namespace tally
