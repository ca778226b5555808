#include "formats/cbor_fields.h"

#include "common/text.h"

namespace tally {
namespace {

bool IsLabel(const CborItem& key, const CborLabel& label) {
  if (!label.number) {
    return key.type == CborType::kText && key.text() == label.name;
  }
  return CborNumber(key) == label.number;
}

std::string Place(std::string_view subject, std::string_view field,
                  uint64_t offset) {
  return std::string(subject) + ": " + std::string(field) + " at " +
         HexNumber(offset) + ": ";
}

}  // namespace

CborFields::CborFields(std::string_view subject, const CborItem& map)
    : subject_(subject), map_(map), read_(map.items.size() / 2) {
  if (map.type == CborType::kMap) return;
  read_.clear();
  failure_ = Place(subject_, "fields", map.offset) + "found " +
             std::string(CborTypeName(map.type)) + ", expected a map";
}

const CborItem* CborFields::Find(const CborLabel& label) {
  for (size_t i = 0; i < read_.size(); ++i) {
    if (!IsLabel(map_.items[2 * i], label)) continue;
    read_[i] = true;
    return &map_.items[2 * i + 1];
  }
  return nullptr;
}

const CborItem* CborFields::Get(const CborLabel& label, CborType type) {
  if (!ok()) return nullptr;
  const CborItem* item = Find(label);
  if (item == nullptr) {
    Fail(label, map_, "is missing");
    return nullptr;
  }
  if (item->type == type) return item;
  Fail(label, *item,
       "found " + std::string(CborTypeName(item->type)) + ", expected " +
           std::string(CborTypeName(type)));
  return nullptr;
}

ByteSpan CborFields::Bytes(const CborLabel& label, uint64_t min, uint64_t max) {
  const CborItem* item = Get(label, CborType::kBytes);
  if (item == nullptr) return {};
  const size_t size = item->bytes.size();
  if (size >= min && size <= max) return item->bytes;
  Fail(label, *item,
       "found " + std::to_string(size) + " bytes, expected " +
           (min == max ? std::to_string(min)
                       : std::to_string(min) + " to " + std::to_string(max)));
  return {};
}

ByteSpan CborFields::Digest(const CborLabel& label) {
  const CborItem* item = Get(label, CborType::kBytes);
  if (item == nullptr) return {};
  Check(CheckCborDigest(subject_, label.name, *item));
  return ok() ? item->bytes : ByteSpan();
}

std::string_view CborFields::Text(const CborLabel& label) {
  const CborItem* item = Get(label, CborType::kText);
  return item == nullptr ? std::string_view() : item->text();
}

uint64_t CborFields::Unsigned(const CborLabel& label, uint64_t max) {
  const CborItem* item = Get(label, CborType::kUnsigned);
  if (item == nullptr) return 0;
  if (item->number <= max) return item->number;
  Fail(label, *item,
       "found " + std::to_string(item->number) + ", expected at most " +
           std::to_string(max));
  return 0;
}

bool CborFields::Has(const CborLabel& label) {
  const CborItem* item = Find(label);
  return item != nullptr && item->type != CborType::kNull;
}

void CborFields::Fail(const CborLabel& label, const CborItem& at,
                      std::string_view why) {
  if (!ok()) return;
  failure_ = Place(subject_, label.name, at.offset) + std::string(why);
}

void CborFields::Check(const Status& status) {
  if (ok() && !status) failure_ = status.error().message();
}

Status CborFields::status() const {
  if (failure_) return InputError(*failure_);
  return Ok();
}

Status CborFields::Finish() {
  for (size_t i = 0; i < read_.size() && ok(); ++i) {
    if (read_[i]) continue;
    const CborItem& key = map_.items[2 * i];
    failure_ = Place(subject_, FormatCborKey(key), key.offset) +
               "a field that this document does not have";
  }
  return status();
}

Status CheckCborDigest(std::string_view subject, std::string_view field,
                       const CborItem& item) {
  const std::string place = Place(subject, field, item.offset);
  if (item.type != CborType::kBytes) {
    return InputError(place + "found " + std::string(CborTypeName(item.type)) +
                      ", expected a byte string");
  }
  const size_t size = item.bytes.size();
  if (size == 32 || size == 48 || size == 64) return Ok();
  return InputError(place + "found " + std::to_string(size) +
                    " bytes, expected 32, 48 or 64");
}

}  // namespace tally
