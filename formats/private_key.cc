// PEM: RFC 7468, RFC 1421 section 4.4, RFC 4880 section 6.2, RFC 4716. DER: RFC
// 8017 A.1.2, RFC 5958, RFC 5915, RFC 7292. Java key stores: the comment in
// OpenJDK's sun.security.provider.JavaKeyStore.
#include "formats/private_key.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kMarker = "PRIVATE KEY";

bool IsLabel(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ';
}

bool IsBase64(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=';
}

// SkipLineEnd skips white space and spelled-out "\n" and "\r"; it says nothing
// of a text without any line end.
std::optional<std::string_view> SkipLineEnd(std::string_view text) {
  bool has_line_end = false;
  while (!text.empty()) {
    if (text.starts_with("\\n") || text.starts_with("\\r")) {
      has_line_end = true;
      text.remove_prefix(2);
    } else if (text[0] == '\n' || text[0] == '\r') {
      has_line_end = true;
      text.remove_prefix(1);
    } else if (text[0] == ' ' || text[0] == '\t') {
      text.remove_prefix(1);
    } else {
      break;
    }
  }
  if (!has_line_end) return std::nullopt;
  return text;
}

// BeginsWithKey: behind the label is base64, or a header like "Proc-Type: ".
bool BeginsWithKey(std::string_view text) {
  constexpr size_t kMinBase64 = 16;
  const std::optional<std::string_view> body = SkipLineEnd(text);
  if (!body) return false;
  const auto base64_end = std::ranges::find_if_not(*body, IsBase64);
  if (base64_end - body->begin() >= static_cast<std::ptrdiff_t>(kMinBase64)) {
    return true;
  }
  const std::string_view head = body->substr(0, 64);
  const size_t colon = head.find(": ");
  return colon != std::string_view::npos && colon > 0 &&
         std::ranges::all_of(head.substr(0, colon), [](char c) {
           return (IsBase64(c) && c != '+' && c != '/' && c != '=') || c == '-';
         });
}

// LabelAt returns the whole line "-----BEGIN … PRIVATE KEY-----" around the
// marker at `at`; empty if there is none.
std::string_view LabelAt(std::string_view text, size_t at) {
  constexpr size_t kMaxLabel = 64;
  size_t begin = at;
  while (begin > 0 && at - begin < kMaxLabel && IsLabel(text[begin - 1])) {
    --begin;
  }
  size_t end = at + kMarker.size();
  if (text.substr(end).starts_with(" BLOCK")) end += 6;
  const std::string_view head = text.substr(begin, at - begin);
  const std::string_view before = text.substr(0, begin);
  const std::string_view after = text.substr(end);
  if (head.starts_with("BEGIN ") && before.ends_with("-----") &&
      after.starts_with("-----")) {
    return text.substr(begin - 5, end - begin + 10);
  }
  if (head.starts_with(" BEGIN ") && before.ends_with("----") &&
      after.starts_with(" ----")) {
    return text.substr(begin - 4, end - begin + 9);
  }
  return {};
}

std::optional<std::string> FindPem(std::string_view text) {
  const char* const end = text.data() + text.size();
  const char* at = text.data();
  while (at != nullptr && at < end) {
    // Several times faster than std::string_view::find.
    at = static_cast<const char*>(memmem(at, static_cast<size_t>(end - at),
                                         kMarker.data(), kMarker.size()));
    if (at == nullptr) break;
    const std::string_view label =
        LabelAt(text, static_cast<size_t>(at - text.data()));
    if (!label.empty() && BeginsWithKey({label.data() + label.size(), end})) {
      const auto offset = static_cast<uint64_t>(label.data() - text.data());
      return Quote(label) + " at " + HexNumber(offset);
    }
    at += kMarker.size();
  }
  return std::nullopt;
}

// DER values, one level at a time.
constexpr uint8_t kInteger = 0x02;
constexpr uint8_t kOctetString = 0x04;
constexpr uint8_t kObjectId = 0x06;
constexpr uint8_t kSequence = 0x30;
constexpr uint8_t kContext0 = 0xa0;

class DerReader {
 public:
  explicit DerReader(ByteSpan bytes) : bytes_(bytes) {}

  bool done() const { return bytes_.empty(); }

  // Next takes a value with this tag; nothing if another or none is next.
  std::optional<ByteSpan> Next(uint8_t tag) {
    if (bytes_.size() < 2 || bytes_[0] != tag) return std::nullopt;
    size_t size = bytes_[1];
    size_t header = 2;
    if (size > 0x80) {
      const size_t num_bytes = size - 0x80;
      if (num_bytes > 4 || bytes_.size() < 2 + num_bytes) return std::nullopt;
      size = 0;
      for (size_t i = 0; i < num_bytes; ++i) {
        size = size << 8 | bytes_[header++];
      }
    } else if (size == 0x80) {
      return std::nullopt;  // indefinite: not DER
    }
    if (size > bytes_.size() - header) return std::nullopt;
    const ByteSpan value = bytes_.subspan(header, size);
    bytes_ = bytes_.subspan(header + size);
    return value;
  }

 private:
  ByteSpan bytes_;
};

// ObjectIdOf returns the encoded identifier at the start of an
// AlgorithmIdentifier or ContentInfo.
std::string_view ObjectIdOf(ByteSpan sequence) {
  const std::optional<ByteSpan> id = DerReader(sequence).Next(kObjectId);
  return id ? AsText(*id) : std::string_view();
}

// 1.2.840.113549.1.{5,7,12.1}
constexpr std::string_view kPkcs5 = "\x2a\x86\x48\x86\xf7\x0d\x01\x05";
constexpr std::string_view kPkcs7 = "\x2a\x86\x48\x86\xf7\x0d\x01\x07";
constexpr std::string_view kPkcs12 = "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01";

// OnlyIntegers counts values; 0 if something else is among them.
size_t OnlyIntegers(DerReader reader) {
  size_t count = 0;
  while (reader.Next(kInteger)) ++count;
  return reader.done() ? count : 0;
}

const char* VersionedDerKind(uint8_t version, DerReader reader) {
  const size_t num_integers = OnlyIntegers(reader);
  if (version == 0 && num_integers == 8) return "an RSA private key (DER)";
  if (version == 0 && num_integers == 5) return "a DSA private key (DER)";
  if (const auto secret = reader.Next(kOctetString)) {
    const bool ends = reader.done() || reader.Next(kContext0).has_value() ||
                      reader.Next(kContext0 | 1).has_value();
    const bool fits = secret->size() >= 14 && secret->size() <= 72;
    return version == 1 && fits && ends ? "an EC private key (DER)" : nullptr;
  }
  const auto sequence = reader.Next(kSequence);
  if (!sequence) return nullptr;
  const std::string_view id = ObjectIdOf(*sequence);
  if (version == 3 && id.starts_with(kPkcs7)) return "a PKCS #12 key store";
  const bool has_key = reader.Next(kOctetString).has_value();
  if (version <= 1 && !id.empty() && has_key) {
    return "a private key (DER, PKCS #8)";
  }
  return nullptr;
}

const char* DerKind(ByteSpan file) {
  // PKCS #12 is BER: the outer length may be indefinite.
  constexpr std::array<uint8_t, 6> kBerPfx = {0x30, 0x80, 2, 1, 3, 0x30};
  if (file.size() > kBerPfx.size() &&
      std::equal(kBerPfx.begin(), kBerPfx.end(), file.begin())) {
    return "a PKCS #12 key store";
  }
  DerReader outer(file);
  const auto whole = outer.Next(kSequence);
  if (!whole || !outer.done()) return nullptr;
  DerReader reader(*whole);
  if (const auto version = reader.Next(kInteger)) {
    if (version->size() != 1) return nullptr;
    return VersionedDerKind((*version)[0], reader);
  }
  const auto algorithm = reader.Next(kSequence);
  if (!algorithm || !reader.Next(kOctetString) || !reader.done()) {
    return nullptr;
  }
  const std::string_view id = ObjectIdOf(*algorithm);
  const bool encrypted = id.starts_with(kPkcs5) || id.starts_with(kPkcs12);
  return encrypted ? "an encrypted private key (DER, PKCS #8)" : nullptr;
}

// JavaKind walks over trusted certificates to the first key.
const char* JavaKind(ByteSpan file) {
  ByteReader reader("key store", file);
  const uint32_t magic = reader.U32Be("magic");
  if (magic != 0xfeedfeed && magic != 0xcececece) return nullptr;
  const uint32_t version = reader.U32Be("version");
  const uint32_t count = reader.U32Be("count");
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    const uint32_t tag = reader.U32Be("tag");
    if (!reader.ok()) break;
    if (tag != 2) return "a Java key store with a key";
    reader.Skip("alias", reader.U16Be("alias size"));
    reader.Skip("date", 8);
    if (version != 1) reader.Skip("type", reader.U16Be("type size"));
    reader.Skip("certificate", reader.U32Be("certificate size"));
  }
  return nullptr;
}

const char* BeginKind(std::string_view text) {
  using std::string_view_literals::operator""sv;
  if (text.starts_with("openssh-key-v1\0"sv)) return "an OpenSSH private key";
  if (text.starts_with("PuTTY-User-Key-File-")) return "a PuTTY private key";
  for (const std::string_view begin :
       {"(11:private-key"sv, "(21:protected-private-key"sv,
        "Key: (private-key"sv, "Key: (protected-private-key"sv}) {
    if (text.starts_with(begin)) return "a GnuPG private key";
  }
  return nullptr;
}

}  // namespace

std::optional<std::string> FindPrivateKey(ByteSpan file) {
  if (file.empty()) return std::nullopt;
  for (const auto kind : {DerKind, JavaKind}) {
    if (const char* found = kind(file)) return found;
  }
  if (const char* found = BeginKind(AsText(file))) return found;
  return FindPem(AsText(file));
}

}  // namespace tally
