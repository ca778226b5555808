#include "builder/fetch_transfer.h"

#include <algorithm>

#include "builder/curl_library.h"
#include "common/check.h"
#include "common/interrupt.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr long kMaxRedirects = 10;
constexpr char kProtocols[] = "http,https,file";
// A redirect must not read local files.
constexpr char kRedirectProtocols[] = "http,https";

void InitializeCurl() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  TALLY_CHECK(done == CURLE_OK);
}

bool MayPass(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_COULDNT_CONNECT:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_AGAIN:
      return true;
    default:
      return false;
  }
}

}  // namespace

struct Transfer::State {
  State() : curl((InitializeCurl(), curl_easy_init()), curl_easy_cleanup) {
    TALLY_CHECK(curl != nullptr);
  }

  static size_t OnBody(char* data, size_t one, size_t size, void* self);
  static size_t OnHeader(char* data, size_t one, size_t size, void* self);
  static int OnProgress(void* self, curl_off_t, curl_off_t, curl_off_t,
                        curl_off_t);
  Status Receive(ByteSpan bytes);
  Transferred Judge(CURLcode code) const;
  long HttpStatus() const;

  std::unique_ptr<CURL, void (*)(CURL*)> curl;
  // Of the run that is under way:
  std::string url;
  uint64_t max_size_bytes = 0;
  TransferTarget* target = nullptr;
  bool resumed = false;  // we asked for the rest of a file
  bool started = false;  // the first byte of the body has come
  bool too_large = false;
  std::optional<Error> failure;
  std::string challenge;
};

Transfer::Transfer(Transfer&&) noexcept = default;
Transfer& Transfer::operator=(Transfer&&) noexcept = default;
Transfer::~Transfer() = default;

Transfer::Transfer(const TransferLimits& limits)
    : state_(std::make_unique<State>()) {
  CURL* curl = state_->curl.get();
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "tally");
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, kProtocols);
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, kRedirectProtocols);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMaxRedirects);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT,
                   static_cast<long>(limits.connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                   static_cast<long>(limits.stall_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &State::OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, state_.get());
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &State::OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, state_.get());
  // Called at least once a second, also while nothing comes in.
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &State::OnProgress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, state_.get());
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

Transferred Transfer::Run(const std::string& url, uint64_t max_size_bytes,
                          TransferTarget& target,
                          const std::vector<std::string>& headers) {
  State& state = *state_;
  CURL* curl = state.curl.get();
  const uint64_t have = target.size_bytes();
  state.url = url;
  state.max_size_bytes = max_size_bytes;
  state.target = &target;
  state.resumed = have > 0;
  state.started = state.too_large = false;
  state.failure.reset();
  state.challenge.clear();
  // A range that begins behind the end is an error to HTTP servers.
  if (have > 0 && have >= max_size_bytes) return {};
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  // Not RESUME_FROM: that makes an error of a server that sends the whole file.
  const std::string range = std::to_string(have) + "-";
  curl_easy_setopt(curl, CURLOPT_RANGE,
                   state.resumed ? range.c_str() : nullptr);
  // curl itself drops Authorization when a redirect leads to another host,
  // port or protocol (CURLOPT_UNRESTRICTED_AUTH, off).
  curl_slist* list = nullptr;
  for (const std::string& header : headers) {
    list = curl_slist_append(list, header.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
  const CURLcode code = curl_easy_perform(curl);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, nullptr);
  curl_slist_free_all(list);
  if (state.failure) {
    return {state.too_large ? Outcome::kLasting : Outcome::kOurFault,
            std::move(state.failure), ""};
  }
  return state.Judge(code);
}

size_t Transfer::State::OnBody(char* data, size_t one, size_t size,
                               void* self) {
  auto* state = static_cast<State*>(self);
  const size_t size_bytes = one * size;
  Status status = state->Receive(AsBytes(std::string_view(data, size_bytes)));
  if (status) return size_bytes;
  state->failure = std::move(status).error();
  return 0;  // ends the transfer
}

size_t Transfer::State::OnHeader(char* data, size_t one, size_t size,
                                 void* self) {
  constexpr std::string_view kName = "www-authenticate:";
  auto* state = static_cast<State*>(self);
  const std::string_view line(data, one * size);
  std::string name(line.substr(0, kName.size()));
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (name == kName && line.size() < 4096) {
    state->challenge = Trim(line.substr(kName.size()));
  }
  return line.size();
}

int Transfer::State::OnProgress(void* self, curl_off_t, curl_off_t, curl_off_t,
                                curl_off_t) {
  Status status = CheckInterrupted();
  if (status) return 0;
  static_cast<State*>(self)->failure = std::move(status).error();
  return 1;  // ends the transfer
}

Status Transfer::State::Receive(ByteSpan bytes) {
  const long status = HttpStatus();
  if (status >= 300) return Ok();  // an error page: Judge has the word
  if (!started && resumed && status == 200) {
    TALLY_TRY(target->Restart());  // the server ignores ranges
  }
  started = true;
  if (bytes.size() > max_size_bytes - target->size_bytes()) {
    too_large = true;
    return MismatchError(UrlForPeople(url) + " sends more than the expected " +
                         std::to_string(max_size_bytes) + " bytes");
  }
  return target->Append(bytes);
}

Transferred Transfer::State::Judge(CURLcode code) const {
  const std::string cannot = "cannot fetch " + UrlForPeople(url) + ": ";
  const long status = HttpStatus();
  if (status >= 300) {
    // RFC 9110 section 15.5.9: Request Timeout; RFC 6585 section 4: Too Many
    // Requests.
    const bool passing = status == 408 || status == 429 || status >= 500;
    return {passing ? Outcome::kPassing : Outcome::kLasting,
            IoError(cannot + "the server answers " + std::to_string(status)),
            status == 401 ? challenge : ""};
  }
  if (code == CURLE_OK) return {};
  return {MayPass(code) ? Outcome::kPassing : Outcome::kLasting,
          IoError(cannot + curl_easy_strerror(code)), ""};
}

long Transfer::State::HttpStatus() const {
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

std::string UrlForPeople(const std::string& url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string::npos) return Quote(url);
  const size_t host = scheme + 3;
  const size_t path = std::min(url.find('/', host), url.size());
  const size_t at = url.substr(host, path - host).rfind('@');
  if (at == std::string::npos) return Quote(url);
  return Quote(url.substr(0, host) + "..." + url.substr(host + at));
}

}  // namespace tally
