// The fields of a CBOR map that has a meaning: by name, type and size.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "common/result.h"
#include "formats/cbor.h"

namespace tally {

// CborLabel is the key of a field: text, or a number with a name for people.
struct CborLabel {
  constexpr CborLabel(const char* key) : name(key) {}
  constexpr CborLabel(int64_t key, const char* key_name)
      : name(key_name), number(key) {}

  std::string_view name;
  std::optional<int64_t> number;
};

// CborFields reads the fields of one map, each of which must be of the right
// type. The first failure sticks; later reads return zero or nothing.
class CborFields {
 public:
  // `subject` names the map in error text. `map` must outlive this.
  CborFields(std::string_view subject, const CborItem& map);

  // Find returns the value, or null if there is none.
  const CborItem* Find(const CborLabel& label);
  // Get returns a value of that type, null after recording a failure.
  const CborItem* Get(const CborLabel& label, CborType type);

  ByteSpan Bytes(const CborLabel& label, uint64_t min, uint64_t max);
  // Digest returns a byte string of 32, 48 or 64 bytes.
  ByteSpan Digest(const CborLabel& label);
  std::string_view Text(const CborLabel& label);
  uint64_t Unsigned(const CborLabel& label, uint64_t max);

  // Has says whether the field is there with a value other than null.
  bool Has(const CborLabel& label);

  void Fail(const CborLabel& label, const CborItem& at, std::string_view why);
  // Check records the failure of a check that the caller made.
  void Check(const Status& status);
  bool ok() const { return !failure_.has_value(); }
  Status status() const;
  // Finish is status(), and refuses keys that nobody looked for.
  Status Finish();

 private:
  std::string subject_;
  const CborItem& map_;
  std::vector<bool> read_;  // one for each pair
  std::optional<std::string> failure_;
};

// CheckCborDigest is an InputError unless `item` is a byte string of 32, 48 or
// 64 bytes.
Status CheckCborDigest(std::string_view subject, std::string_view field,
                       const CborItem& item);

}  // namespace tally
