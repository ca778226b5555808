// A token keeps the sizes of its claims and can be described, and without the
// platform's key none is authentic.
#include <cstddef>
#include <cstdint>

#include "attest/cca.h"
#include "attest/ecdsa_key.h"
#include "common/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan bytes(data, size);
  // The same bytes as a key: refused, or a point on the curve it names.
  const auto key = tally::EcdsaPublicKey::FromFile(bytes);
  if (key) {
    const auto again = tally::EcdsaPublicKey::FromPoint(key->point());
    TALLY_CHECK(again && again->curve() == key->curve());
  }
  const auto token = tally::ParseCcaToken(bytes);
  const auto fields = tally::DescribeCca(bytes);
  const auto evidence = tally::AuthenticateCca(bytes, {});
  TALLY_CHECK(token.has_value() == fields.has_value());
  TALLY_CHECK(token.has_value() == evidence.has_value());
  if (!token) return 0;
  TALLY_CHECK(!evidence->authentic());
  TALLY_CHECK(evidence->registers.size() == 5);
  for (const tally::AttestedRegister& rem : evidence->registers) {
    TALLY_CHECK(rem.value.size() ==
                tally::HashSizeBytes(token->realm.hash_algorithm));
  }
  for (const tally::EvidenceField& field : *fields) {
    TALLY_CHECK(field.offset + field.size_bytes <= size);
  }
  return 0;
}
