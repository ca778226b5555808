// Downloads: the only place that talks to the network (through libcurl).
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "builder/store.h"
#include "common/bytes.h"
#include "common/digest.h"

namespace tally {

// NetworkAccess is `--offline` or not. file:// URLs are not network.
enum class NetworkAccess { kAllowed, kRefused };

// FetchItem is a file with known bytes and the places that may have it, in the
// order in which they are tried. URLs are http, https or file.
struct FetchItem {
  std::string name;  // for people: "curl 7.88.1-10 amd64"
  uint64_t size_bytes = 0;
  Sha256Digest sha256;
  std::vector<std::string> urls;
  // "Name: value", of HTTP requests; authorization is not sent on to the host
  // that a redirect names.
  std::vector<std::string> headers = {};
  // kAtMost: size_bytes is a bound, as nobody knows the size.
  SizeRule size_rule = SizeRule::kExact;
};

// FetchState is how far a fetch is, over all of its items.
struct FetchState {
  uint64_t num_items = 0;       // that were missing
  uint64_t num_items_done = 0;  // of those
  uint64_t total_bytes = 0;     // of the missing items
  uint64_t done_bytes = 0;      // bytes resumed from earlier attempts count
};

// FetchProgress is told how a fetch goes. Calls come from several threads, but
// never two at once, and must return quickly.
class FetchProgress {
 public:
  virtual ~FetchProgress() = default;
  virtual void Update(const FetchState& state) = 0;
  // Note tells what went wrong and was made good: a retry, a mirror that serves
  // other bytes while the next one had the right ones.
  virtual void Note(const std::string& text) = 0;
};

struct FetchOptions {
  NetworkAccess network = NetworkAccess::kAllowed;
  FetchProgress* progress = nullptr;  // may be null
  unsigned max_transfers = 8;
  // Per URL, for failures that may pass: timeouts, resets, status 408, 429,
  // 5xx.
  unsigned max_attempts = 4;
  // Doubles after each attempt.
  std::chrono::milliseconds first_delay{500};
  std::chrono::seconds connect_timeout{30};
  // A transfer that moves no byte for this long has failed.
  std::chrono::seconds stall_timeout{60};
};

struct FetchReport {
  uint64_t num_present = 0;  // were in the store, and intact
  uint64_t num_fetched = 0;
  uint64_t fetched_bytes = 0;
};

// FetchAll brings every item into the store. Entries that are there are hashed;
// a corrupt one is fetched again and replaced. Items with equal digests are
// fetched once. The first failure, in the order of `items`, is returned after
// the other transfers have come to an end.
Result<FetchReport> FetchAll(Store& store, std::span<const FetchItem> items,
                             const FetchOptions& options);

// FetchedText is a small file whose digest nobody knew.
struct FetchedText {
  Bytes bytes;
  std::string url;  // that served it
};
// FetchUnknown returns the file from the first URL that has it. Nothing vouches
// for the bytes: the caller must verify a signature.
Result<FetchedText> FetchUnknown(const std::string& name,
                                 std::span<const std::string> urls,
                                 uint64_t max_size_bytes,
                                 const FetchOptions& options);

// FetchAnswer is a small file, or what the server wants to know first.
struct FetchAnswer {
  Bytes bytes;
  std::string challenge;  // WWW-Authenticate; then there are no bytes
};
// FetchAnswerFrom is FetchUnknown for one URL of a server that may ask for
// authorization.
Result<FetchAnswer> FetchAnswerFrom(const std::string& name,
                                    const std::string& url,
                                    const std::vector<std::string>& headers,
                                    uint64_t max_size_bytes,
                                    const FetchOptions& options);

}  // namespace tally
