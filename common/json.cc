#include "common/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/check.h"
#include "common/json_writer.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr int64_t kMaxInteger = (int64_t{1} << 53) - 1;  // RFC 7493 section 2.2
constexpr size_t kMaxDepth = 64;

// Utf16Units returns the code units of well-formed UTF-8.
std::u16string Utf16Units(std::string_view text) {
  std::u16string units;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i]);
    const size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t point = size == 1 ? lead : lead & (0x7fu >> size);
    for (size_t j = 1; j < size && i + j < text.size(); ++j) {
      point = (point << 6) | (static_cast<uint8_t>(text[i + j]) & 0x3fu);
    }
    i += size;
    if (point >= 0x10000) {
      units += static_cast<char16_t>(0xd800 + ((point - 0x10000) >> 10));
      units += static_cast<char16_t>(0xdc00 + ((point - 0x10000) & 0x3ff));
    } else {
      units += static_cast<char16_t>(point);
    }
  }
  return units;
}

// Builder receives nlohmann's parse events and builds a Json under our rules.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  const std::string& failure() const { return failure_; }
  Json Take() { return std::move(root_); }

  bool null() override { return Add(Json()); }
  bool boolean(bool value) override { return Add(Json(value)); }
  bool number_integer(number_integer_t value) override {
    if (value < -kMaxInteger) return Refuse("integer beyond 53 bits");
    return Add(Json(int64_t{value}));
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<uint64_t>(kMaxInteger)) {
      return Refuse("integer beyond 53 bits");
    }
    return Add(Json(static_cast<int64_t>(value)));
  }
  bool number_float(number_float_t, const string_t& text) override {
    return Refuse("number " + Quote(text) + ", expected an integer");
  }
  bool string(string_t& text) override { return Add(Json(std::move(text))); }
  bool binary(binary_t&) override { return Refuse("binary value"); }
  bool start_object(size_t) override { return Open(Json(Json::Object())); }
  bool key(string_t& text) override {
    if (open_.back()->object()->contains(text)) {
      return Refuse("duplicate key " + Quote(text));
    }
    keys_.back() = std::move(text);
    return true;
  }
  bool end_object() override { return Close(); }
  bool start_array(size_t) override { return Open(Json(Json::Array())); }
  bool end_array() override { return Close(); }
  bool parse_error(size_t position, const std::string& last_token,
                   const nlohmann::detail::exception&) override {
    return Refuse("syntax error at byte " + std::to_string(position) +
                  " near " + Quote(last_token.substr(0, 40)));
  }

 private:
  bool Refuse(std::string why) {
    if (failure_.empty()) failure_ = std::move(why);
    return false;
  }

  // Put stores `value` where the innermost open container wants it.
  Json* Put(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (Json::Array* array = open_.back()->array()) {
      array->push_back(std::move(value));
      return &array->back();
    }
    return &(*open_.back()->object())[keys_.back()].operator=(std::move(value));
  }

  bool Add(Json value) {
    Put(std::move(value));
    return true;
  }

  bool Open(Json container) {
    if (open_.size() >= kMaxDepth) {
      return Refuse("nesting deeper than " + std::to_string(kMaxDepth));
    }
    // Stable: a parent container does not grow while a child is open.
    open_.push_back(Put(std::move(container)));
    keys_.emplace_back();
    return true;
  }

  bool Close() {
    open_.pop_back();
    keys_.pop_back();
    return true;
  }

  Json root_;
  std::vector<Json*> open_;
  std::vector<std::string> keys_;
  std::string failure_;
};

std::string TextOf(const Json& value, JsonLayout layout) {
  std::string text;
  JsonWriter writer(layout, [&](std::string_view piece) { text += piece; });
  writer.Value(value).Finish();
  return text;
}

const Json kNull;
const Json::Array kNoItems;

}  // namespace

bool Json::Utf16Less::operator()(std::string_view a, std::string_view b) const {
  const auto ascii = [](char c) { return static_cast<uint8_t>(c) < 0x80; };
  if (std::ranges::all_of(a, ascii) && std::ranges::all_of(b, ascii)) {
    return a < b;
  }
  return Utf16Units(a) < Utf16Units(b);
}

Json::Json(uint64_t value) : value_(static_cast<int64_t>(value)) {
  TALLY_CHECK(value <= static_cast<uint64_t>(kMaxInteger));
}

const Json* Json::Find(std::string_view key) const {
  const Object* members = object();
  if (members == nullptr) return nullptr;
  const auto found = members->find(key);
  return found == members->end() ? nullptr : &found->second;
}

std::string Json::Canonical() const {
  return TextOf(*this, JsonLayout::kCanonical);
}

std::string Json::Pretty() const { return TextOf(*this, JsonLayout::kPretty); }

Result<Json> ParseJson(std::string_view text) {
  // nlohmann checks UTF-8 inside strings and skips a leading byte order mark,
  // which RFC 8259 section 8.1 lets a parser refuse.
  if (text.starts_with("\xef\xbb\xbf")) {
    return InputError("JSON begins with a byte order mark");
  }
  // nlohmann takes a zero byte for the end of the text and would not look at
  // what follows.
  const size_t zero = text.find('\0');
  if (zero != std::string_view::npos) {
    return InputError("JSON: zero byte at byte " + std::to_string(zero + 1));
  }
  Builder builder;
  try {
    if (nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) {
      return builder.Take();
    }
  } catch (const std::exception& exception) {
    return InputError(std::string("JSON: ") + exception.what());
  }
  return InputError("JSON: " + builder.failure());
}

JsonFields::JsonFields(std::string where, const Json& value)
    : where_(std::move(where)), object_(value.object()) {
  if (object_ == nullptr) Fail("expected an object");
}

const Json* JsonFields::Get(const std::string& key, const char* expected) {
  if (object_ == nullptr) return nullptr;
  read_.push_back(key);
  const auto found = object_->find(key);
  if (found != object_->end()) return &found->second;
  if (expected != nullptr) {
    Fail("field '" + key + "' is missing, expected " + expected);
  }
  return nullptr;
}

void JsonFields::Fail(const std::string& message) {
  if (failure_.empty()) failure_ = where_ + ": " + message;
}

std::string JsonFields::Text(const std::string& key) {
  const Json* value = Get(key, "text");
  if (value == nullptr) return {};
  if (value->text() != nullptr) return *value->text();
  Fail("field '" + key + "' is not text");
  return {};
}

int64_t JsonFields::Integer(const std::string& key) {
  const Json* value = Get(key, "an integer");
  if (value == nullptr) return 0;
  if (value->integer() != nullptr) return *value->integer();
  Fail("field '" + key + "' is not an integer");
  return 0;
}

uint64_t JsonFields::Unsigned(const std::string& key) {
  const int64_t value = Integer(key);
  if (value >= 0) return static_cast<uint64_t>(value);
  Fail("field '" + key + "' is negative");
  return 0;
}

bool JsonFields::Boolean(const std::string& key) {
  const Json* value = Get(key, "true or false");
  if (value == nullptr) return false;
  if (value->boolean() != nullptr) return *value->boolean();
  Fail("field '" + key + "' is not true or false");
  return false;
}

const Json::Array& JsonFields::Array(const std::string& key) {
  const Json* value = Get(key, "an array");
  if (value == nullptr) return kNoItems;
  if (value->array() != nullptr) return *value->array();
  Fail("field '" + key + "' is not an array");
  return kNoItems;
}

const Json& JsonFields::Object(const std::string& key) {
  const Json* value = Get(key, "an object");
  if (value == nullptr) return kNull;
  if (value->object() != nullptr) return *value;
  Fail("field '" + key + "' is not an object");
  return kNull;
}

const Json& JsonFields::Any(const std::string& key) {
  const Json* value = Get(key, nullptr);
  return value == nullptr ? kNull : *value;
}

void JsonFields::Ignore(const std::string& key) { read_.push_back(key); }

Status JsonFields::Finish() {
  if (object_ != nullptr) {
    for (const auto& [key, value] : *object_) {
      if (std::ranges::find(read_, key) != read_.end()) continue;
      const auto nearest = NearestName(key, read_);
      Fail("unknown field " + Quote(key) +
           (nearest ? ", did you mean '" + *nearest + "'?" : ""));
    }
  }
  if (!failure_.empty()) return InputError(failure_);
  return Ok();
}

}  // namespace tally
