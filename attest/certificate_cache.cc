#include "attest/certificate_cache.h"

#include "common/hash.h"

namespace tally {

Result<std::vector<Certificate>> CertificateCache::FromFile(ByteSpan bytes) {
  const Sha256Digest digest = Sha256(bytes);
  {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(digest);
    if (found != files_.end()) return found->second;
  }
  TALLY_ASSIGN(std::vector<Certificate> certificates,
               Certificate::FromFile(bytes));
  const std::lock_guard lock(mutex_);
  if (files_.size() < kMaxFiles) files_.emplace(digest, certificates);
  return certificates;
}

}  // namespace tally
