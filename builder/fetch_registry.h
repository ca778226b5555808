// Container registries: the pull side of the OCI Distribution Specification
// 1.1, without credentials. See docs/sources.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "builder/fetch.h"

namespace tally {

// BearerChallenge is what a registry asks for in WWW-Authenticate: a token of
// its token service (RFC 6750, and the "Docker Registry v2 authentication").
struct BearerChallenge {
  std::string realm;  // URL
  std::string service;
  std::string scope;

  bool operator==(const BearerChallenge&) const = default;
};

// ParseBearerChallenge reads the header's value. Other schemes than Bearer, a
// realm that is no URL, and bad quoting are InputErrors.
Result<BearerChallenge> ParseBearerChallenge(std::string_view value);

// TokenUrl returns the URL that gives a token.
std::string TokenUrl(const BearerChallenge& challenge);

// Registry pulls from one repository.
class Registry {
 public:
  // `name` is "host[:port]/repository". Registries speak HTTPS; one on the
  // loopback interface speaks HTTP.
  Registry(const std::string& name, const FetchOptions& options);

  // FetchManifest returns a manifest or an index, at most 4 MiB. It asks for a
  // token if the registry wants one. The digest is the caller's to check.
  Result<Bytes> FetchManifest(const Sha256Digest& sha256);

  // ManifestItem and BlobItem are to be fetched with FetchAll, after
  // FetchManifest.
  FetchItem ManifestItem(const std::string& name, const Sha256Digest& sha256,
                         uint64_t size_bytes) const;
  FetchItem BlobItem(const std::string& name, const Sha256Digest& sha256,
                     uint64_t size_bytes) const;

 private:
  std::string ManifestUrl(const Sha256Digest& sha256) const;
  std::vector<std::string> Headers(std::vector<std::string> headers) const;
  Status FetchToken(const std::string& challenge);

  std::string name_;
  std::string base_;  // "https://host/v2/repository/"
  FetchOptions options_;
  std::string token_;
};

}  // namespace tally
