// Certificates that were parsed already: evidence of one batch brings the same
// ones again and again, and most of what a certificate costs is its key.
#pragma once

#include <map>
#include <mutex>
#include <vector>

#include "attest/certificate.h"
#include "common/digest.h"

namespace tally {

// CertificateCache may be used by several threads at once.
class CertificateCache {
 public:
  // FromFile is Certificate::FromFile. What cannot be read is not remembered,
  // nor is anything once there are kMaxFiles.
  Result<std::vector<Certificate>> FromFile(ByteSpan bytes);

 private:
  static constexpr size_t kMaxFiles = 4096;

  std::mutex mutex_;
  std::map<Sha256Digest, std::vector<Certificate>> files_;
};

}  // namespace tally
