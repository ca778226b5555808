// A machine that is nobody's: its root, its chip's key and its reports.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attest/snp.h"
#include "tests/support/make_certificate.h"

namespace tally::test {

// SnpMachine holds everything that a check looks at. A test changes a part and
// asks for the verdict.
struct SnpMachine {
  static SnpMachine Milan();  // version 3, VCEK
  static SnpMachine Turin();  // version 5, VCEK
  static SnpMachine Vlek();   // Milan, version 3

  TestKey ark_key = TestKey::P384();
  TestKey ask_key = TestKey::P384();
  TestKey key = TestKey::P384();
  SnpProduct product = SnpProduct::kMilan;
  SnpReport report;
  TestCertificate ark;
  TestCertificate ask;
  TestCertificate certificate;  // the VCEK or VLEK
  std::vector<Bytes> lists;
  std::vector<CollateralFile> more;
  int64_t at = 1'700'000'000;  // 2023-11-14T22:13:20Z

  // Signed returns the report with a signature by `key`.
  Bytes Signed() const;
  // Collateral is ARK and ASK in PEM, the key in DER, the lists, and the rest.
  std::vector<CollateralFile> Collateral() const;
  // The evidence with the machine's own root.
  Evidence Authenticate() const;
  Evidence Authenticate(ByteSpan evidence,
                        std::span<const CollateralFile> collateral) const;
};

// An INTEGER in DER, up to 255.
Bytes DerInteger(uint8_t value);
// A string of fewer than 128 bytes in DER.
Bytes DerString(uint8_t tag, ByteSpan contents);

// FailuresOf returns "name: text" of every failed check, one a line.
std::string FailuresOf(const Evidence& evidence);
// TextOf returns the state and text of one check: "passed: …".
std::string TextOf(const Evidence& evidence, std::string_view name);

}  // namespace tally::test
