// Signer: something that holds a private key.
#pragma once

#include "common/bytes.h"
#include "sign/public_key.h"

namespace tally {

class Signer {
 public:
  virtual ~Signer() = default;

  // Sign signs the whole message (not a digest of it).
  virtual Result<Bytes> Sign(ByteSpan message) const = 0;

  virtual const PublicKey& public_key() const = 0;
};

}  // namespace tally
