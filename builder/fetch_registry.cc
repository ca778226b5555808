#include "builder/fetch_registry.h"

#include <algorithm>

#include "common/json.h"
#include "common/text.h"
#include "formats/oci.h"

namespace tally {
namespace {

constexpr uint64_t kMaxTokenBytes = 64 << 10;
constexpr char kAccept[] =
    "Accept: application/vnd.oci.image.index.v1+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json";

bool IsLoopback(std::string_view host) {
  const std::string_view name = host.substr(0, host.find(':'));
  return name == "localhost" || name == "127.0.0.1";
}

bool IsVisible(char c) { return c > ' ' && c <= '~'; }

// PercentEncoded keeps the unreserved characters of RFC 3986, section 2.3.
std::string PercentEncoded(std::string_view text) {
  std::string encoded;
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                       c == '_' || c == '~';
    if (plain) {
      encoded += c;
      continue;
    }
    constexpr char kDigits[] = "0123456789ABCDEF";
    const auto byte = static_cast<uint8_t>(c);
    encoded += '%';
    encoded += kDigits[byte >> 4];
    encoded += kDigits[byte & 15];
  }
  return encoded;
}

// TakeParameter removes name="value" and the comma behind it.
Result<std::pair<std::string, std::string>> TakeParameter(
    std::string_view& rest) {
  const size_t equals = rest.find("=\"");
  const size_t end =
      equals == std::string_view::npos ? equals : rest.find('"', equals + 2);
  if (end == std::string_view::npos) {
    return InputError("found " + Quote(rest) + ", expected name=\"value\"");
  }
  const std::string name(Trim(rest.substr(0, equals)));
  const std::string value(rest.substr(equals + 2, end - equals - 2));
  rest = Trim(rest.substr(end + 1));
  if (rest.starts_with(',')) {
    rest = Trim(rest.substr(1));
  } else if (!rest.empty()) {
    return InputError("found " + Quote(rest) + ", expected ','");
  }
  return std::pair(name, value);
}

}  // namespace

Result<BearerChallenge> ParseBearerChallenge(std::string_view value) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string text = "the registry asks for " + Quote(value) + ": ";
  if (!value.starts_with(kScheme)) {
    return InputError(text + "expected 'Bearer', a token without credentials");
  }
  BearerChallenge challenge;
  std::string_view rest = Trim(value.substr(kScheme.size()));
  while (!rest.empty()) {
    const auto parameter = TakeParameter(rest);
    if (!parameter) return InputError(text + parameter.error().message());
    if (parameter->first == "realm") challenge.realm = parameter->second;
    if (parameter->first == "service") challenge.service = parameter->second;
    if (parameter->first == "scope") challenge.scope = parameter->second;
  }
  const std::string_view realm = challenge.realm;
  const bool is_url = realm.starts_with("https://") ||
                      (realm.starts_with("http://") &&
                       IsLoopback(realm.substr(7, realm.find('/', 7) - 7)));
  if (!is_url || !std::ranges::all_of(realm, IsVisible)) {
    return InputError(text + "expected a realm that begins with https://");
  }
  return challenge;
}

std::string TokenUrl(const BearerChallenge& challenge) {
  std::string url = challenge.realm;
  char separator = url.find('?') == std::string::npos ? '?' : '&';
  const auto add = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    url += separator + (name + ("=" + PercentEncoded(value)));
    separator = '&';
  };
  add("service", challenge.service);
  add("scope", challenge.scope);
  return url;
}

Registry::Registry(const std::string& name, const FetchOptions& options)
    : name_(name), options_(options) {
  const size_t slash = name.find('/');
  const std::string host = name.substr(0, slash);
  base_ = (IsLoopback(host) ? "http://" : "https://") + host + "/v2/" +
          name.substr(slash + 1) + "/";
}

Result<Bytes> Registry::FetchManifest(const Sha256Digest& sha256) {
  const std::string what = "manifest of " + name_;
  // The second time the token is there.
  for (int attempt = 0; attempt < 2; ++attempt) {
    TALLY_ASSIGN(FetchAnswer answer,
                 FetchAnswerFrom(what, ManifestUrl(sha256), Headers({kAccept}),
                                 kMaxOciManifestBytes, options_));
    if (answer.challenge.empty()) return std::move(answer.bytes);
    if (attempt == 0) TALLY_TRY(FetchToken(answer.challenge));
  }
  return IoError("registry " + Quote(name_) +
                 " does not accept the token that it gave, expected an image "
                 "that is public");
}

Status Registry::FetchToken(const std::string& challenge) {
  TALLY_ASSIGN(const BearerChallenge bearer, ParseBearerChallenge(challenge));
  TALLY_ASSIGN(const FetchAnswer answer,
               FetchAnswerFrom("token for " + name_, TokenUrl(bearer), {},
                               kMaxTokenBytes, options_));
  const Error refused =
      InputError("the token service of registry " + Quote(name_) +
                 " gives no token, expected an image that is public");
  if (!answer.challenge.empty()) return refused;
  const Result<Json> json = ParseJson(AsText(answer.bytes));
  if (!json) return refused;
  const Json* token = json->Find("token");
  if (token == nullptr) token = json->Find("access_token");
  const std::string* text = token != nullptr ? token->text() : nullptr;
  // It becomes a header: nothing in it may end that.
  if (text == nullptr || text->empty() ||
      !std::ranges::all_of(*text, IsVisible)) {
    return refused;
  }
  token_ = *text;
  return Ok();
}

FetchItem Registry::ManifestItem(const std::string& name,
                                 const Sha256Digest& sha256,
                                 uint64_t size_bytes) const {
  return {.name = name,
          .size_bytes = size_bytes,
          .sha256 = sha256,
          .urls = {ManifestUrl(sha256)},
          .headers = Headers({kAccept})};
}

FetchItem Registry::BlobItem(const std::string& name,
                             const Sha256Digest& sha256,
                             uint64_t size_bytes) const {
  return {.name = name,
          .size_bytes = size_bytes,
          .sha256 = sha256,
          .urls = {base_ + "blobs/sha256:" + sha256.hex()},
          .headers = Headers({})};
}

std::string Registry::ManifestUrl(const Sha256Digest& sha256) const {
  return base_ + "manifests/sha256:" + sha256.hex();
}

std::vector<std::string> Registry::Headers(
    std::vector<std::string> headers) const {
  if (!token_.empty()) headers.push_back("Authorization: Bearer " + token_);
  return headers;
}

}  // namespace tally
