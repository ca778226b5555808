#include "attest/cbor_description.h"

#include <algorithm>
#include <array>

#include "common/text.h"

namespace tally {
namespace {

// Escaped returns the text without bytes that write to a terminal.
std::string Escaped(std::string_view text) {
  const std::string quoted = Quote(text);
  return quoted.substr(1, quoted.size() - 2);
}

std::string ValueOf(const CborItem& item) {
  switch (item.type) {
    case CborType::kBytes:
      return Hex(item.bytes);
    case CborType::kText:
      return Escaped(item.text());
    case CborType::kBoolean:
      return item.number != 0 ? "true" : "false";
    case CborType::kNull:
      return "null";
    default:
      return FormatCborKey(item);
  }
}

bool IsKey(const CborItem& key, const CborMeaning& meaning) {
  if (key.type == CborType::kText) return meaning.name == key.text();
  return CborNumber(key) == meaning.number;
}

class Description {
 public:
  Description(std::string_view prefix, std::span<const CborMeaning> meanings,
              std::vector<EvidenceField>& fields)
      : prefix_(prefix), meanings_(meanings), fields_(fields) {}

  // As deep as the parser's limit allowed.
  void Item(const CborItem& item, const std::string& name,
            std::string_view note) {
    const bool is_map = item.type == CborType::kMap;
    if (!is_map && item.type != CborType::kArray &&
        item.type != CborType::kTag) {
      return Value(item, name, note);
    }
    for (size_t i = 0; is_map && i + 1 < item.items.size(); i += 2) {
      const CborItem& key = item.items[i];
      const CborMeaning* meaning = MeaningOf(key, name);
      Item(item.items[i + 1],
           name + (name.empty() || name.ends_with(" / ") ? "" : " / ") +
               (meaning == nullptr ? FormatCborKey(key)
                                   : std::string(meaning->name)),
           meaning == nullptr ? std::string_view() : meaning->note);
    }
    for (size_t i = 0; !is_map && i < item.items.size(); ++i) {
      Item(item.items[i], name + "[" + std::to_string(i) + "]", note);
    }
  }

 private:
  const CborMeaning* MeaningOf(const CborItem& key,
                               std::string_view map) const {
    const std::string_view in = map.substr(prefix_.size());
    const auto found = std::find_if(meanings_.begin(), meanings_.end(),
                                    [&key, in](const CborMeaning& meaning) {
                                      return IsKey(key, meaning) &&
                                             in.starts_with(meaning.in) &&
                                             in.empty() == meaning.in.empty();
                                    });
    return found == meanings_.end() ? nullptr : &*found;
  }

  void Value(const CborItem& item, const std::string& name,
             std::string_view note) {
    const bool is_string =
        item.type == CborType::kBytes || item.type == CborType::kText;
    fields_.push_back(
        {.offset = is_string ? item.contents_offset() : item.offset,
         .size_bytes = is_string ? item.bytes.size() : item.size_bytes,
         .name = name,
         .value = ValueOf(item),
         .note = std::string(note)});
  }

  std::string_view prefix_;
  std::span<const CborMeaning> meanings_;
  std::vector<EvidenceField>& fields_;
};

// RFC 9052, section 3.1, table 3.
constexpr std::array<CborMeaning, 2> kHeaders = {{
    {.number = 1, .name = "alg"},
    {.number = 4, .name = "kid"},
}};

}  // namespace

void DescribeCbor(const CborItem& item, const std::string& prefix,
                  std::span<const CborMeaning> meanings,
                  std::vector<EvidenceField>& fields) {
  Description(prefix, meanings, fields).Item(item, prefix, "");
}

void DescribeCoseStart(const CoseSign1& sign1, const std::string& prefix,
                       std::vector<EvidenceField>& fields) {
  const CborItem& header = sign1.message.items[0];
  fields.push_back(
      {.offset = header.contents_offset(),
       .size_bytes = header.bytes.size(),
       .name = prefix + "protected header",
       .value = Hex(header.bytes),
       .note = "algorithm " + std::string(CoseAlgorithmName(sign1.algorithm))});
  DescribeCbor(sign1.unprotected_header(), prefix + "unprotected header / ",
               kHeaders, fields);
}

void DescribeCoseEnd(const CoseSign1& sign1, const std::string& prefix,
                     std::string note, std::vector<EvidenceField>& fields) {
  const CborItem& signature = sign1.message.items[3];
  fields.push_back({.offset = signature.contents_offset(),
                    .size_bytes = signature.bytes.size(),
                    .name = prefix + "signature",
                    .value = Hex(signature.bytes),
                    .note = std::move(note)});
}

}  // namespace tally
