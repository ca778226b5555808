// Certificates and revocation lists for tests, good and bad, with keys that are
// made and forgotten in the test.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/bytes.h"

namespace tally::test {

struct TestSigning;

// TestKey is a private key. Copies share it.
class TestKey {
 public:
  static TestKey P256();
  static TestKey P384();
  static TestKey Curve(const std::string& name);
  // Rsa keeps one key for each size and process, because making one is slow.
  static TestKey Rsa(unsigned bits);
  static TestKey Ed25519();

  // SignEcdsa returns r and s one after the other, big-endian, of the curve's
  // size; SHA-256 on P-256, SHA-384 on P-384.
  Bytes SignEcdsa(ByteSpan message) const;
  // Sign returns what OpenSSL makes: DER of r and s, or an RSA signature.
  Bytes Sign(ByteSpan message, const TestSigning& signing) const;
  // The point's coordinates, big-endian, one after the other.
  Bytes Point() const;

  struct State;
  explicit TestKey(std::shared_ptr<State> state) : state_(std::move(state)) {}
  State& state() const { return *state_; }

 private:
  std::shared_ptr<State> state_;
};

struct TestExtension {
  std::string oid;
  bool critical = false;
  Bytes value;  // the contents of the OCTET STRING, DER
};

// How a certificate or list is signed.
struct TestSigning {
  std::string hash = "SHA384";
  bool pss = false;                   // with RSA keys
  std::optional<int> pss_salt_bytes;  // the hash's size unless given
  std::string mgf_hash;               // the hash unless given
};

struct TestCertificate {
  std::string subject = "leaf";
  std::string issuer = "root";
  int64_t serial = 1;
  long version = 3;
  int64_t not_before = 1'600'000'000;
  int64_t not_after = 1'900'000'000;
  std::optional<bool> ca;  // no basicConstraints unless given
  std::optional<int> path_length;
  std::string key_usage;  // OpenSSL's words: "critical,keyCertSign"
  std::vector<TestExtension> extensions;
  TestSigning signing;
};

// MakeCertificate returns DER: the certificate of `key`, signed by
// `issuer_key`.
Bytes MakeCertificate(const TestCertificate& certificate, const TestKey& key,
                      const TestKey& issuer_key);

struct TestRevocationList {
  std::string issuer = "root";
  int64_t this_update = 1'600'000'000;
  std::optional<int64_t> next_update = 1'900'000'000;
  std::vector<int64_t> serials;
  std::vector<TestExtension> extensions;
  std::vector<TestExtension> entry_extensions;  // of every entry
  TestSigning signing;
};

Bytes MakeRevocationList(const TestRevocationList& list,
                         const TestKey& issuer_key);

// Pem puts DER between the lines of a label.
std::string Pem(const std::string& label, ByteSpan der);

}  // namespace tally::test
