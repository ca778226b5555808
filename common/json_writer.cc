#include "common/json_writer.h"

#include "common/check.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr size_t kHandOutBytes = 16 << 10;

// WriteText escapes as RFC 8785 section 3.2.2.2 demands.
void WriteText(std::string_view text, std::string* out) {
  TALLY_CHECK(IsUtf8(text));
  *out += '"';
  for (char c : text) {
    switch (c) {
      case '"':
        *out += "\\\"";
        break;
      case '\\':
        *out += "\\\\";
        break;
      case '\b':
        *out += "\\b";
        break;
      case '\f':
        *out += "\\f";
        break;
      case '\n':
        *out += "\\n";
        break;
      case '\r':
        *out += "\\r";
        break;
      case '\t':
        *out += "\\t";
        break;
      default:
        if (static_cast<uint8_t>(c) < 0x20) {
          *out += "\\u00" + Hex(AsBytes(std::string_view(&c, 1)));
        } else {
          *out += c;
        }
    }
  }
  *out += '"';
}

}  // namespace

JsonWriter::JsonWriter(JsonLayout layout, TextSink sink)
    : layout_(layout), sink_(std::move(sink)) {}

JsonWriter& JsonWriter::Key(std::string_view key) {
  TALLY_CHECK(!open_.empty() && open_.back().kind == Kind::kObject);
  TALLY_CHECK(!has_key_);
  Container& object = open_.back();
  TALLY_CHECK(object.is_empty || Json::Utf16Less()(object.last_key, key));
  Separate();
  object.last_key = key;
  WriteText(key, &text_);
  text_ += layout_ == JsonLayout::kPretty ? ": " : ":";
  has_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::Value(const Json& value) {
  if (const Json::Array* array = value.array()) {
    BeginArray();
    for (const Json& item : *array) Value(item);
    return EndArray();
  }
  if (const Json::Object* object = value.object()) {
    BeginObject();
    for (const auto& [key, member] : *object) Member(key, member);
    return EndObject();
  }
  BeginValue();
  if (const bool* boolean = value.boolean()) {
    text_ += *boolean ? "true" : "false";
  } else if (const int64_t* integer = value.integer()) {
    text_ += std::to_string(*integer);
  } else if (const std::string* text = value.text()) {
    WriteText(*text, &text_);
  } else {
    text_ += "null";
  }
  HandOut(kHandOutBytes);
  return *this;
}

void JsonWriter::Finish() {
  TALLY_CHECK(open_.empty() && has_value_);
  if (layout_ == JsonLayout::kPretty) text_ += '\n';
  HandOut(1);
}

JsonWriter& JsonWriter::Begin(Kind kind) {
  BeginValue();
  text_ += kind == Kind::kObject ? '{' : '[';
  open_.push_back({.kind = kind});
  return *this;
}

JsonWriter& JsonWriter::End(Kind kind) {
  TALLY_CHECK(!open_.empty() && open_.back().kind == kind && !has_key_);
  const bool is_empty = open_.back().is_empty;
  open_.pop_back();
  if (!is_empty) NewLine();
  text_ += kind == Kind::kObject ? '}' : ']';
  HandOut(kHandOutBytes);
  return *this;
}

void JsonWriter::BeginValue() {
  if (open_.empty()) {
    TALLY_CHECK(!has_value_);
    has_value_ = true;
  } else if (open_.back().kind == Kind::kArray) {
    Separate();
  } else {
    TALLY_CHECK(has_key_);
    has_key_ = false;
  }
}

void JsonWriter::Separate() {
  if (!open_.back().is_empty) text_ += ',';
  open_.back().is_empty = false;
  NewLine();
}

void JsonWriter::NewLine() {
  if (layout_ != JsonLayout::kPretty) return;
  text_ += '\n';
  text_.append(2 * open_.size(), ' ');
}

void JsonWriter::HandOut(size_t min_bytes) {
  if (text_.size() < min_bytes) return;
  sink_(text_);
  text_.clear();
}

}  // namespace tally
