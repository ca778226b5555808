// JSON values, a strict parser and two deterministic writers.
//
// Follows RFC 8785 (JSON Canonicalization Scheme). Numbers are integers of at
// most 53 bits: nothing this project writes or reads needs a fraction, and
// without fractions there is one spelling per value.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result.h"

namespace tally {

class Json {
 public:
  using Array = std::vector<Json>;
  // Ordered as RFC 8785 section 3.2.3 demands: by UTF-16 code units.
  struct Utf16Less {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const;
  };
  using Object = std::map<std::string, Json, Utf16Less>;

  Json() : value_(nullptr) {}
  Json(std::nullptr_t) : value_(nullptr) {}
  Json(bool value) : value_(value) {}
  Json(int value) : value_(int64_t{value}) {}
  Json(int64_t value) : value_(value) {}
  Json(uint64_t value);
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}

  bool is_null() const {
    return std::holds_alternative<std::nullptr_t>(value_);
  }
  // Each returns null if the value is of another kind.
  const bool* boolean() const { return std::get_if<bool>(&value_); }
  const int64_t* integer() const { return std::get_if<int64_t>(&value_); }
  const std::string* text() const { return std::get_if<std::string>(&value_); }
  const Array* array() const { return std::get_if<Array>(&value_); }
  const Object* object() const { return std::get_if<Object>(&value_); }
  Array* array() { return std::get_if<Array>(&value_); }
  Object* object() { return std::get_if<Object>(&value_); }

  // Find returns the member `key` of an object, or null.
  const Json* Find(std::string_view key) const;

  // Canonical returns the RFC 8785 form: no white space, no final newline.
  // Strings must be UTF-8 (TALLY_CHECK).
  std::string Canonical() const;
  // Pretty returns the same, indented by two spaces, with a final newline.
  std::string Pretty() const;

  bool operator==(const Json&) const = default;

 private:
  std::variant<std::nullptr_t, bool, int64_t, std::string, Array, Object>
      value_;
};

// ParseJson accepts one value with nothing after it: no comments, no duplicate
// keys, no fractions or exponents, UTF-8 only, nesting at most 64 deep.
Result<Json> ParseJson(std::string_view text);

// JsonFields reads the members of one object strictly: each named field must be
// there with the right type, and Finish() refuses members that nobody read.
class JsonFields {
 public:
  // `where` names the object in error text. `value` must outlive this.
  JsonFields(std::string where, const Json& value);

  // The value of the field, or an empty value after recording the failure.
  std::string Text(const std::string& key);
  int64_t Integer(const std::string& key);
  uint64_t Unsigned(const std::string& key);
  bool Boolean(const std::string& key);
  const Json::Array& Array(const std::string& key);
  const Json& Object(const std::string& key);
  // Any returns the field whatever its type, null if it is absent.
  const Json& Any(const std::string& key);
  // Ignore accepts a field without reading it.
  void Ignore(const std::string& key);

  Status Finish();

 private:
  const Json* Get(const std::string& key, const char* expected);
  void Fail(const std::string& message);

  std::string where_;
  const Json::Object* object_ = nullptr;
  std::vector<std::string> read_;
  std::string failure_;
};

}  // namespace tally
