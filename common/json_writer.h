// JsonWriter: the text of a JSON value, piece by piece, for values that would
// be too long to be held.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/json.h"

namespace tally {

// TextSink takes a text in pieces.
using TextSink = std::function<void(std::string_view piece)>;

enum class JsonLayout { kCanonical, kPretty };

// JsonWriter writes one value. Whatever the pieces, the text is what
// Json::Canonical or Json::Pretty has for the whole. That they make a value is
// the caller's part (TALLY_CHECK): members in the order of Json::Utf16Less,
// each a key and a value.
class JsonWriter {
 public:
  // `sink` is called with some 16 KiB at a time.
  JsonWriter(JsonLayout layout, TextSink sink);

  JsonWriter& BeginObject() { return Begin(Kind::kObject); }
  JsonWriter& Key(std::string_view key);
  JsonWriter& EndObject() { return End(Kind::kObject); }
  JsonWriter& BeginArray() { return Begin(Kind::kArray); }
  JsonWriter& EndArray() { return End(Kind::kArray); }
  JsonWriter& Value(const Json& value);
  JsonWriter& Member(std::string_view key, const Json& value) {
    return Key(key).Value(value);
  }

  // Finish hands out what is left. The value must be complete (TALLY_CHECK).
  void Finish();

 private:
  enum class Kind { kObject, kArray };
  struct Container {
    Kind kind = Kind::kObject;
    bool is_empty = true;
    std::string last_key;
  };

  JsonWriter& Begin(Kind kind);
  JsonWriter& End(Kind kind);
  // BeginValue writes what separates a value from the one before.
  void BeginValue();
  void Separate();
  void NewLine();
  void HandOut(size_t min_bytes);

  JsonLayout layout_;
  TextSink sink_;
  std::string text_;
  std::vector<Container> open_;
  bool has_key_ = false;
  bool has_value_ = false;
};

}  // namespace tally
