#include "sign/attestation.h"

#include "common/text.h"
#include "sign/bundle.h"

namespace tally {

Result<std::string> SignProvenance(const Provenance& provenance,
                                   const Signer& signer) {
  TALLY_ASSIGN(const std::string payload, FormatStatement(provenance));
  return SignBundle(payload, signer);
}

Result<Provenance> VerifyProvenance(std::string_view bundle_text,
                                    const PublicKey& key) {
  TALLY_ASSIGN(const VerifiedStatement verified,
               VerifyBundle(bundle_text, key));
  if (verified.payload_type != kInTotoPayloadType) {
    return InputError("found payload type " + Quote(verified.payload_type) +
                      ", expected '" + std::string(kInTotoPayloadType) + "'");
  }
  return ParseStatement(AsText(verified.payload));
}

}  // namespace tally
