// CBOR for people: every item with its place, its value and its meaning.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attest/evidence.h"
#include "formats/cbor.h"
#include "formats/cose.h"

namespace tally {

// CborMeaning is what a number stands for as the key of a map, and what a
// field means. A field with a text key needs one for its meaning only.
struct CborMeaning {
  int64_t number = 0;
  std::string_view name;
  std::string_view note;
  // The field of the outermost map that the key is somewhere in; empty for the
  // keys of that map itself.
  std::string_view in = {};
};

// DescribeCbor appends the items in `item` that hold a value, in the order of
// the bytes. Fields are named "<prefix><key>", those of a map inside "<field> /
// <key>", elements "<field>[0]". Keys that have no meaning keep their number.
void DescribeCbor(const CborItem& item, const std::string& prefix,
                  std::span<const CborMeaning> meanings,
                  std::vector<EvidenceField>& fields);

// DescribeCoseStart appends the protected and the unprotected header of a
// message, DescribeCoseEnd its signature.
void DescribeCoseStart(const CoseSign1& sign1, const std::string& prefix,
                       std::vector<EvidenceField>& fields);
void DescribeCoseEnd(const CoseSign1& sign1, const std::string& prefix,
                     std::string note, std::vector<EvidenceField>& fields);

}  // namespace tally
