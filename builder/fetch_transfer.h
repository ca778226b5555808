// One transfer from one URL. The only file that sees libcurl is this one's .cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/result.h"

namespace tally {

// TransferTarget takes the bytes of a file, front to back.
class TransferTarget : public ByteSink {
 public:
  // size_bytes is how much is there already: a transfer goes on behind it.
  virtual uint64_t size_bytes() const = 0;
  // Restart drops what is there.
  virtual Status Restart() = 0;
};

enum class Outcome {
  kDone,
  kPassing,   // may go well if it is tried again
  kLasting,   // this URL will not do
  kOurFault,  // nor will any other: the target failed, the disk is full
};

struct Transferred {
  Outcome outcome = Outcome::kDone;
  std::optional<Error> error;  // unless kDone
  // What a server wants to know before it answers: WWW-Authenticate of an
  // answer with status 401.
  std::string challenge;
};

struct TransferLimits {
  std::chrono::seconds connect_timeout{30};
  std::chrono::seconds stall_timeout{60};
};

// Transfer keeps connections open between its runs.
class Transfer {
 public:
  explicit Transfer(const TransferLimits& limits);
  Transfer(Transfer&&) noexcept;
  Transfer& operator=(Transfer&&) noexcept;
  ~Transfer();

  // Run brings the rest of the file into `target`: http, https or file URLs, at
  // most 10 redirects, at most `max_size_bytes` for the whole file.
  //
  // `headers` ("Name: value") go to the URL's own host; one for authorization
  // goes nowhere else, also when the host redirects.
  Transferred Run(const std::string& url, uint64_t max_size_bytes,
                  TransferTarget& target,
                  const std::vector<std::string>& headers = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// UrlForPeople quotes a URL and hides user name and password in it.
std::string UrlForPeople(const std::string& url);

}  // namespace tally
